namespace Hearth.Linux;

/// <summary>Signal numbers of Linux on x86-64 (signal(7)).</summary>
public static class Signal
{
    public const int IllegalInstruction = 4;
    public const int Trap = 5;
    public const int BusError = 7;
    public const int FloatingPoint = 8;
    public const int Kill = 9;
    public const int User1 = 10;
    public const int SegmentationViolation = 11;
}
