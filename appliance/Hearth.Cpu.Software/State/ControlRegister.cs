namespace Hearth.Cpu.Software;

/// <summary>The bits of CR0, CR4, EFER and XCR0 that the engine looks at (Intel SDM Vol. 3, sections 2.2.1, 2.5 and 2.6).</summary>
internal static class ControlRegister
{
    public const ulong Cr0ProtectedMode = 1 << 0;
    public const ulong Cr0MonitorCoprocessor = 1 << 1;
    public const ulong Cr0Emulation = 1 << 2;
    public const ulong Cr0TaskSwitched = 1 << 3;
    public const ulong Cr0ExtensionType = 1 << 4;
    public const ulong Cr0NumericError = 1 << 5;
    public const ulong Cr0WriteProtect = 1 << 16;
    public const ulong Cr0AlignmentMask = 1 << 18;
    public const ulong Cr0NotWriteThrough = 1 << 29;
    public const ulong Cr0CacheDisable = 1 << 30;
    public const ulong Cr0Paging = 1UL << 31;

    public const ulong Cr4TimeStampDisable = 1 << 2;
    public const ulong Cr4DebuggingExtensions = 1 << 3;
    public const ulong Cr4PageSizeExtension = 1 << 4;
    public const ulong Cr4Pae = 1 << 5;
    public const ulong Cr4MachineCheck = 1 << 6;
    public const ulong Cr4GlobalPages = 1 << 7;
    public const ulong Cr4PerformanceCounters = 1 << 8;
    public const ulong Cr4OsFxsr = 1 << 9;
    public const ulong Cr4OsXmmExceptions = 1 << 10;
    public const ulong Cr4Umip = 1 << 11;
    public const ulong Cr4FsGsBase = 1 << 16;
    public const ulong Cr4Pcid = 1 << 17;
    public const ulong Cr4OsXsave = 1 << 18;
    public const ulong Cr4Smep = 1 << 20;
    public const ulong Cr4Smap = 1 << 21;

    public const ulong EferSyscall = 1 << 0;
    public const ulong EferLongModeEnable = 1 << 8;
    public const ulong EferLongModeActive = 1 << 10;
    public const ulong EferNoExecute = 1 << 11;

    public const ulong Xcr0X87 = 1 << 0;
    public const ulong Xcr0Sse = 1 << 1;
    public const ulong Xcr0Avx = 1 << 2;
}
