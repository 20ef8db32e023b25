namespace Hearth.Devices.Storage.Ide;

/// <summary>The commands of disks and of packet devices (ATA/ATAPI-6, section 8).</summary>
internal static class AtaCommand
{
    public const byte DeviceReset = 0x08;
    public const byte RecalibrateFirst = 0x10;
    public const byte RecalibrateLast = 0x1F;
    public const byte ReadSectors = 0x20;
    public const byte ReadSectorsNoRetry = 0x21;
    public const byte ReadSectorsExt = 0x24;
    public const byte ReadDmaExt = 0x25;
    public const byte ReadNativeMaximumExt = 0x27;
    public const byte ReadMultipleExt = 0x29;
    public const byte WriteSectors = 0x30;
    public const byte WriteSectorsNoRetry = 0x31;
    public const byte WriteSectorsExt = 0x34;
    public const byte WriteDmaExt = 0x35;
    public const byte WriteMultipleExt = 0x39;
    public const byte ReadVerify = 0x40;
    public const byte ReadVerifyNoRetry = 0x41;
    public const byte ReadVerifyExt = 0x42;
    public const byte SeekFirst = 0x70;
    public const byte SeekLast = 0x7F;
    public const byte ExecuteDiagnostic = 0x90;
    public const byte InitializeParameters = 0x91;
    public const byte StandbyImmediateOld = 0x94;
    public const byte IdleImmediateOld = 0x95;
    public const byte StandbyOld = 0x96;
    public const byte IdleOld = 0x97;
    public const byte CheckPowerModeOld = 0x98;
    public const byte SleepOld = 0x99;
    public const byte Packet = 0xA0;
    public const byte IdentifyPacketDevice = 0xA1;
    public const byte Smart = 0xB0;
    public const byte ReadMultiple = 0xC4;
    public const byte WriteMultiple = 0xC5;
    public const byte SetMultiple = 0xC6;
    public const byte ReadDma = 0xC8;
    public const byte ReadDmaNoRetry = 0xC9;
    public const byte WriteDma = 0xCA;
    public const byte WriteDmaNoRetry = 0xCB;
    public const byte StandbyImmediate = 0xE0;
    public const byte IdleImmediate = 0xE1;
    public const byte Standby = 0xE2;
    public const byte IdleCommand = 0xE3;
    public const byte CheckPowerMode = 0xE5;
    public const byte Sleep = 0xE6;
    public const byte FlushCache = 0xE7;
    public const byte FlushCacheExt = 0xEA;
    public const byte IdentifyDevice = 0xEC;
    public const byte SetFeatures = 0xEF;
    public const byte SecurityFreezeLock = 0xF5;
    public const byte ReadNativeMaximum = 0xF8;

    /// <summary>Subcommands of SET FEATURES.</summary>
    public const byte FeatureEnableWriteCache = 0x02;
    public const byte FeatureTransferMode = 0x03;
    public const byte FeatureDisableReadAhead = 0x55;
    public const byte FeatureKeepSettings = 0x66;
    public const byte FeatureDisableWriteCache = 0x82;
    public const byte FeatureEnableReadAhead = 0xAA;
    public const byte FeatureRevertSettings = 0xCC;

    /// <summary>Subcommands of SMART, and what its LBA registers must hold.</summary>
    public const byte SmartReadData = 0xD0;
    public const byte SmartReadThresholds = 0xD1;
    public const byte SmartAutosave = 0xD2;
    public const byte SmartEnable = 0xD8;
    public const byte SmartDisable = 0xD9;
    public const byte SmartReturnStatus = 0xDA;
    public const byte SmartMid = 0x4F;
    public const byte SmartHigh = 0xC2;
}
