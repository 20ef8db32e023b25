namespace Hearth.Devices.Platform.LocalApic;

/// <summary>Bits 19:18 of the interrupt command register.</summary>
internal enum DestinationShorthand : byte
{
    None = 0,
    Self = 1,
    AllIncludingSelf = 2,
    AllExcludingSelf = 3,
}
