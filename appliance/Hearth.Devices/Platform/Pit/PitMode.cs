namespace Hearth.Devices.Platform.Pit;

/// <summary>The counter modes of the 8254 data sheet; 6 and 7 in a control word mean 2 and 3.</summary>
internal enum PitMode : byte
{
    InterruptOnTerminalCount = 0,
    HardwareOneShot = 1,
    RateGenerator = 2,
    SquareWave = 3,
    SoftwareStrobe = 4,
    HardwareStrobe = 5,
}
