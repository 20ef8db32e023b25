namespace Hearth.Devices.Platform.Rtc;

/// <summary>From what firmware starts, as SeaBIOS reads it from the CMOS (src/boot.c): up to three kinds, the first one first.</summary>
public readonly record struct CmosBootOrder(CmosBootKind First, CmosBootKind Second, CmosBootKind Third);

/// <summary>A kind of boot device; the value is that of its nibble in the CMOS.</summary>
public enum CmosBootKind : byte
{
    None = 0,
    Disk = 2,
    Cd = 3,
    Network = 4,
}
