namespace Hearth.Devices.Platform.Rtc;

/// <summary>The guest's RAM as the CMOS tells it to firmware.</summary>
/// <param name="Low">Bytes of RAM below 4 GiB.</param>
/// <param name="High">Bytes of RAM above 4 GiB.</param>
public readonly record struct CmosMemorySize(ulong Low, ulong High);
