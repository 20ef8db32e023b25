using System.Text;
using Hearth.Machine;

namespace Hearth.Devices.Storage.Ide;

/// <summary>A disk (ATA/ATAPI-6): PIO, multiple and DMA commands with 28 and 48 bits, and addresses by cylinder, head and sector.</summary>
internal sealed class AtaDisk : IdeDrive
{
    /// <summary>The most sectors that READ and WRITE MULTIPLE move at a time.</summary>
    private const int MultipleMaximum = 16;

    private const byte PowerActive = 0xFF;

    private readonly IBlockBackend _backend;
    private readonly AtaGeometry _physical;
    private AtaSettings _settings;

    /// <param name="serial">At most 20 ASCII characters.</param>
    /// <exception cref="MachineException">The serial number is too long.</exception>
    public AtaDisk(IBlockBackend backend, string serial)
        : base(serial)
    {
        ArgumentNullException.ThrowIfNull(backend);
        if (serial.Length > AtaIdentity.SerialLength || !Ascii.IsValid(serial))
            throw new MachineException($"The disk serial number '{serial}' is not at most {AtaIdentity.SerialLength} ASCII characters.");
        _backend = backend;
        _physical = AtaGeometry.Of(SectorCount);
        _settings = AtaSettings.AtPowerOn(_physical);
    }

    protected override IBlockBackend Backend => _backend;

    private ulong SectorCount => _backend.Capacity / SectorLength;

    private int MultipleLength => _settings.Multiple * SectorLength;

    protected override void Execute(byte command)
    {
        switch (command)
        {
            case AtaCommand.ReadSectors or AtaCommand.ReadSectorsNoRetry:
                BeginSectors(IdeTransfer.PioIn, SectorLength, wide: false);
                break;
            case AtaCommand.ReadSectorsExt:
                BeginSectors(IdeTransfer.PioIn, SectorLength, wide: true);
                break;
            case AtaCommand.ReadMultiple or AtaCommand.ReadMultipleExt:
                BeginSectors(IdeTransfer.PioIn, MultipleLength, wide: command == AtaCommand.ReadMultipleExt);
                break;
            case AtaCommand.ReadDma or AtaCommand.ReadDmaNoRetry or AtaCommand.ReadDmaExt:
                BeginSectors(IdeTransfer.DmaIn, BufferLength, wide: command == AtaCommand.ReadDmaExt);
                break;
            case AtaCommand.WriteSectors or AtaCommand.WriteSectorsNoRetry:
                BeginSectors(IdeTransfer.PioOut, SectorLength, wide: false);
                break;
            case AtaCommand.WriteSectorsExt:
                BeginSectors(IdeTransfer.PioOut, SectorLength, wide: true);
                break;
            case AtaCommand.WriteMultiple or AtaCommand.WriteMultipleExt:
                BeginSectors(IdeTransfer.PioOut, MultipleLength, wide: command == AtaCommand.WriteMultipleExt);
                break;
            case AtaCommand.WriteDma or AtaCommand.WriteDmaNoRetry or AtaCommand.WriteDmaExt:
                BeginSectors(IdeTransfer.DmaOut, BufferLength, wide: command == AtaCommand.WriteDmaExt);
                break;
            case AtaCommand.FlushCache or AtaCommand.FlushCacheExt:
                BeginFlush();
                break;
            case AtaCommand.IdentifyDevice:
                AtaIdentity.Describe(Buffer[..SectorLength], Serial, SectorCount, _backend.IsReadOnly, _physical, _settings);
                BeginReply(IdeTransfer.PioIn, SectorLength, SectorLength);
                break;
            default:
                ExecuteWithoutData(command);
                break;
        }
    }

    protected override void SetSignature()
    {
        ref TaskFile registers = ref Registers;
        registers.Count = 1;
        registers.LbaLow = 1;
        registers.ByteCount = 0;
        registers.Device = 0;
        Error = IdeError.Passed;
        Status = Idle;
    }

    protected override void ResetDrive() => _settings = AtaSettings.AtPowerOn(_physical);

    protected override void SaveDrive(IStateWriter to) => _settings.Save(to);

    protected override void RestoreDrive(IStateReader from) => _settings = AtaSettings.Load(from, MultipleMaximum);

    protected override void FailTransfer() =>
        Fail(Transfer is IdeTransfer.PioIn or IdeTransfer.DmaIn ? IdeError.Uncorrectable : IdeError.Aborted);

    protected override void FinishPioIn()
    {
        EndTransfer();
        Status = Idle;
    }

    private void ExecuteWithoutData(byte command)
    {
        switch (command)
        {
            case >= AtaCommand.RecalibrateFirst and <= AtaCommand.RecalibrateLast:
            case >= AtaCommand.SeekFirst and <= AtaCommand.SeekLast:
            case AtaCommand.StandbyImmediate or AtaCommand.IdleImmediate or AtaCommand.Standby or AtaCommand.IdleCommand or AtaCommand.Sleep:
            case AtaCommand.StandbyImmediateOld or AtaCommand.IdleImmediateOld or AtaCommand.StandbyOld or AtaCommand.IdleOld or AtaCommand.SleepOld:
            case AtaCommand.SecurityFreezeLock:
                Finish();
                break;
            case AtaCommand.CheckPowerMode or AtaCommand.CheckPowerModeOld:
                Registers.Count = PowerActive;
                Finish();
                break;
            case AtaCommand.ReadVerify or AtaCommand.ReadVerifyNoRetry or AtaCommand.ReadVerifyExt:
                if (TryRange(command == AtaCommand.ReadVerifyExt, out _, out _))
                    Finish();
                break;
            case AtaCommand.InitializeParameters:
                if (Registers.Count != 0)
                    _settings.Geometry = new AtaGeometry(_physical.Cylinders, (Registers.Device & IdeRegisters.HeadMask) + 1, Registers.Count);
                FinishIf(Registers.Count != 0);
                break;
            case AtaCommand.SetMultiple:
                SetMultiple(Registers.Count);
                break;
            case AtaCommand.SetFeatures:
                FinishIf(_settings.TrySetFeature(Registers.Features, Registers.Count));
                break;
            case AtaCommand.Smart:
                ExecuteSmart();
                break;
            case AtaCommand.ReadNativeMaximum:
                PutLba28((uint)Math.Min(SectorCount, AtaIdentity.Lba28Maximum) - 1);
                Finish();
                break;
            case AtaCommand.ReadNativeMaximumExt:
                PutLba48(SectorCount - 1);
                Finish();
                break;
            default:
                Fail(IdeError.Aborted);
                break;
        }
    }

    private void FinishIf(bool isAccepted)
    {
        if (isAccepted)
            Finish();
        else
            Fail(IdeError.Aborted);
    }

    private void SetMultiple(int sectors)
    {
        bool isPossible = sectors <= MultipleMaximum && (sectors & (sectors - 1)) == 0;
        if (isPossible)
            _settings.Multiple = (byte)sectors;
        FinishIf(isPossible);
    }

    private void ExecuteSmart()
    {
        byte subcommand = Registers.Features;
        bool isKnown = Registers is { LbaMid: AtaCommand.SmartMid, LbaHigh: AtaCommand.SmartHigh } && (_settings.IsSmartOn || subcommand == AtaCommand.SmartEnable);
        switch (subcommand)
        {
            case AtaCommand.SmartReadData or AtaCommand.SmartReadThresholds when isKnown:
                AtaIdentity.DescribeHealth(Buffer[..SectorLength]);
                BeginReply(IdeTransfer.PioIn, SectorLength, SectorLength);
                break;
            case AtaCommand.SmartEnable or AtaCommand.SmartDisable when isKnown:
                _settings.IsSmartOn = subcommand == AtaCommand.SmartEnable;
                Finish();
                break;

            // The registers keep the values that say that nothing is wrong.
            case AtaCommand.SmartReturnStatus or AtaCommand.SmartAutosave when isKnown:
                Finish();
                break;
            default:
                Fail(IdeError.Aborted);
                break;
        }
    }

    private void BeginSectors(IdeTransfer transfer, int blockLength, bool wide)
    {
        bool writes = transfer is IdeTransfer.PioOut or IdeTransfer.DmaOut;

        // The multiple commands are unknown as long as their length is not set (section 8.27).
        if (blockLength == 0 || (writes && _backend.IsReadOnly))
            Fail(IdeError.Aborted);
        else if (TryRange(wide, out ulong sector, out int count))
            Begin(transfer, sector * SectorLength, count * SectorLength, blockLength);
    }

    /// <summary>What the registers name.</summary>
    /// <returns>False when it is not on the disk: the command has failed then.</returns>
    private bool TryRange(bool wide, out ulong sector, out int count)
    {
        count = wide ? Registers.Sectors48 : Registers.Sectors28;
        bool isLba = (Registers.Device & IdeRegisters.DeviceLba) != 0;
        bool isAddress = true;
        if (wide)
            sector = Registers.Lba48;
        else if (isLba)
            sector = Registers.Lba28;
        else
            isAddress = _settings.Geometry.TrySector(Registers.ByteCount, Registers.Device & IdeRegisters.HeadMask, Registers.LbaLow, out sector);
        if (isAddress && sector < SectorCount && (ulong)count <= SectorCount - sector)
            return true;
        Fail(IdeError.NotFound);
        return false;
    }

    private void PutLba28(uint sector)
    {
        Registers.LbaLow = (byte)sector;
        Registers.ByteCount = (int)((sector >> 8) & 0xFFFF);
        Registers.Device = (byte)((Registers.Device & ~IdeRegisters.HeadMask) | (int)(sector >> 24));
    }

    private void PutLba48(ulong sector)
    {
        ref TaskFile registers = ref Registers;
        registers.LbaLow = (byte)sector;
        registers.ByteCount = (int)((sector >> 8) & 0xFFFF);
        registers.PreviousLow = (byte)(sector >> 24);
        registers.PreviousMid = (byte)(sector >> 32);
        registers.PreviousHigh = (byte)(sector >> 40);
    }
}
