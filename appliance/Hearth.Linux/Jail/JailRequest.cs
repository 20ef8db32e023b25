namespace Hearth.Linux.Jail;

/// <summary>A program, and what it is to have.</summary>
public sealed record JailRequest
{
    /// <summary>The path of the program. It, and all that it loads before it is sealed, must be readable for <see cref="User"/>.</summary>
    public required string Program { get; init; }

    /// <summary>The first is the program's own name.</summary>
    public required IReadOnlyList<string> Arguments { get; init; }

    /// <summary><c>NAME=VALUE</c>: all of the environment, nothing is inherited.</summary>
    public IReadOnlyList<string> Environment { get; init; } = [];

    /// <summary>The descriptors that it has, and no others. Where there is none for 0, 1 or 2 it is /dev/null.</summary>
    public IReadOnlyList<JailDescriptor> Descriptors { get; init; } = [];

    /// <summary>Under which number it finds the socket for <see cref="JailSeal.Complete"/>; of no other descriptor.</summary>
    public required int SealNumber { get; init; }

    /// <summary>A folder that is there and that <see cref="User"/> can reach; the empty root is mounted over it, for nobody else to see.</summary>
    public required string RootFolder { get; init; }

    /// <summary>Who it runs as. Root must name somebody; anybody else can name nobody, and it runs as who starts it.</summary>
    public JailUser? User { get; init; }

    public JailLimits Limits { get; init; } = new();

    /// <summary>Where it is put before its first instruction; null to leave it where the starting process is.</summary>
    public Cgroup? Cgroup { get; init; }
}
