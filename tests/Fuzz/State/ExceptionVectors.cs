namespace Hearth.Fuzz.State;

/// <summary>Exception vectors (Intel SDM Vol. 3, table 7-1).</summary>
internal static class ExceptionVectors
{
    public const byte DivideError = 0;
    public const byte Debug = 1;
    public const byte Breakpoint = 3;
    public const byte Overflow = 4;
    public const byte InvalidOpcode = 6;
    public const byte DoubleFault = 8;
    public const byte StackFault = 12;
    public const byte GeneralProtection = 13;
    public const byte PageFault = 14;
    public const byte AlignmentCheck = 17;

    private static readonly string[] s_names =
        ["#DE", "#DB", "NMI", "#BP", "#OF", "#BR", "#UD", "#NM", "#DF", "9", "#TS", "#NP", "#SS", "#GP", "#PF", "15", "#MF", "#AC", "#MC", "#XM"];

    public static bool HasErrorCode(byte vector) => vector is 8 or (>= 10 and <= 14) or 17 or 21;

    public static string Name(byte vector) => vector < s_names.Length ? s_names[vector] : $"vector {vector}";
}
