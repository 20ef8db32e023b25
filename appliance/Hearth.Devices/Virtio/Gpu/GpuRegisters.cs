namespace Hearth.Devices.Virtio.Gpu;

/// <summary>The graphics device's features, configuration layout and commands (virtio 1.2, section 5.7).</summary>
internal static class GpuRegisters
{
    public const ulong FeatureEdid = 1UL << 1;

    public const int ConfigurationLength = 16;
    public const int EventsRead = 0;
    public const int EventsClear = 4;
    public const int ScanoutCount = 8;
    public const uint EventDisplay = 1;

    public const int HeaderLength = 24;
    public const int FlagsOffset = 4;
    public const int FenceOffset = 8;
    public const int ContextOffset = 16;
    public const int RingOffset = 20;
    public const uint FlagFence = 1;
    public const uint FlagRing = 2;

    public const uint GetDisplayInfo = 0x100;
    public const uint ResourceCreate2D = 0x101;
    public const uint ResourceUnref = 0x102;
    public const uint SetScanout = 0x103;
    public const uint ResourceFlush = 0x104;
    public const uint TransferToHost2D = 0x105;
    public const uint ResourceAttachBacking = 0x106;
    public const uint ResourceDetachBacking = 0x107;
    public const uint GetEdid = 0x10A;
    public const uint UpdateCursor = 0x300;
    public const uint MoveCursor = 0x301;

    public const uint OkNoData = 0x1100;
    public const uint OkDisplayInfo = 0x1101;
    public const uint OkEdid = 0x1104;
    public const uint ErrorUnspecified = 0x1200;
    public const uint ErrorOutOfMemory = 0x1201;
    public const uint ErrorInvalidScanout = 0x1202;
    public const uint ErrorInvalidResource = 0x1203;
    public const uint ErrorInvalidParameter = 0x1205;

    /// <summary>Places in the answer to <see cref="GetDisplayInfo"/>, used or not.</summary>
    public const int MaximumScanouts = 16;
    public const int DisplayInfoLength = HeaderLength + (MaximumScanouts * DisplayLength);
    public const int DisplayLength = 24;
    public const int EdidOffset = HeaderLength + 8;
    public const int EdidLength = EdidOffset + 1024;

    /// <summary>Bytes of one piece of a resource's memory: address (8), length (4), padding (4).</summary>
    public const int EntryLength = 16;
    public const int AttachLength = HeaderLength + 8;

    /// <summary>The longest command without the pieces of memory that may follow it.</summary>
    public const int MaximumCommandLength = HeaderLength + 32;
}
