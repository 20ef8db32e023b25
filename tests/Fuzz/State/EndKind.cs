namespace Hearth.Fuzz.State;

/// <summary>How a program's run ended.</summary>
internal enum EndKind
{
    /// <summary>An exception or trap was raised; INT3 at the end of the program is the usual one.</summary>
    Exception,

    /// <summary>The program asked for a system call, which never happens: nothing can be compared.</summary>
    SystemCall,

    /// <summary>It ran longer than the limit.</summary>
    Timeout,

    /// <summary>The processor shut down, died or refused; <see cref="Outcome.Detail"/> says how.</summary>
    Broken,
}
