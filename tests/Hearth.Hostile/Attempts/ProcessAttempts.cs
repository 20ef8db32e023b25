using System.Buffers.Binary;
using Hearth.Hostile.Interop;

namespace Hearth.Hostile.Attempts;

/// <summary>To reach another process, or to become or start one.</summary>
internal static class ProcessAttempts
{
    private const int Kill = 9;
    private const int EmptyPath = 0x1000;
    private const int NewUser = 0x10000000;
    private const int ChildSignal = 17;
    private const int Clone = 56;
    private const int Vfork = 0x4000;

    /// <summary>To be traced by its parent, who knows nothing of it: from then on every signal stops it. To be tried last.</summary>
    public static Attempt BeTraced { get; } = new("be traced", () => RawCall.Make(101, 0));

    /// <summary>To become another program: nothing is told any more where that is possible.</summary>
    public static Attempt Execute { get; } = new("execute a program", () => RawCall.MakeWith("/bin/true", path => RawCall.MakeWith([], list => RawCall.Make(59, path, list, list))));

    public static IEnumerable<Attempt> All(Victims victims)
    {
        // Signal 0 for the test, which would not live to tell; the neighbour can be told to be dead.
        foreach ((string name, int id, int signal) in ((string, int, int)[])[("the supervisor", victims.Supervisor, 0), ("the neighbour", victims.Neighbour, Kill)])
        {
            yield return new($"attach to {name}", () => RawCall.Make(101, 16, id));
            yield return new($"seize {name}", () => RawCall.Make(101, 0x4206, id));
            yield return new($"signal {name}", () => RawCall.Make(62, id, signal));
            yield return new($"signal a thread of {name}", () => RawCall.Make(234, id, id, signal));
            yield return new($"signal {name} with data", () => RawCall.MakeWith([], information => RawCall.Make(129, id, signal, information)));
            yield return new($"signal the group of {name}", () => RawCall.Make(62, -id, signal));
            yield return new($"open a handle of {name}", () => RawCall.Make(434, id));
            yield return new($"read memory of {name}", () => Transfer(310, id));
            yield return new($"write memory of {name}", () => Transfer(311, id));
            yield return new($"move pages of {name}", () => RawCall.Make(279, id, 0, 0, 0, 0, 2));
            yield return new($"compare with {name}", () => RawCall.Make(312, id, id, 0, 0, 0));
            yield return new($"limit {name}", () => RawCall.MakeWith([], limit => RawCall.Make(302, id, 7, 0, limit)));
            yield return new($"keep {name} from running", () => RawCall.MakeWith([1], set => RawCall.Make(203, id, 8, set)));
            yield return new($"change the priority of {name}", () => RawCall.Make(141, 0, id, 19));
            yield return new($"profile {name}", () => RawCall.MakeWith([], attribute => RawCall.Make(298, attribute, id, -1, -1, 0)));
        }

        yield return new("fork", () => RawCall.MakeProcess(57));
        yield return new("clone a process", () => RawCall.MakeProcess(Clone, ChildSignal));
        yield return new("vfork", () => RawCall.MakeProcess(Clone, Vfork | ChildSignal));
        yield return new("clone into namespaces", () => RawCall.MakeProcess(Clone, NewUser | ChildSignal));
        yield return new("clone3 a process", CloneByStructure);
        yield return new("execute the given file", () => RawCall.MakeWith("", path => RawCall.MakeWith([], list => RawCall.Make(322, GivenNumber.ReadOnlyFile, path, list, list, EmptyPath))));
        yield return new("wait for anybody", () => RawCall.Make(61, -1, 0, 1));
    }

    /// <summary>One byte, to or from an address where nothing can be: that is found out when the process has been reached.</summary>
    private static long Transfer(int number, int id)
    {
        const int BadAddress = -14;
        Span<byte> vectors = stackalloc byte[4 * sizeof(ulong)];
        BinaryPrimitives.WriteUInt64LittleEndian(vectors[sizeof(ulong)..], 1);
        BinaryPrimitives.WriteUInt64LittleEndian(vectors[(2 * sizeof(ulong))..], 1);
        BinaryPrimitives.WriteUInt64LittleEndian(vectors[(3 * sizeof(ulong))..], 1);
        long result = RawCall.MakeWith(vectors, local => RawCall.Make(number, id, local, 1, local + (2 * sizeof(ulong)), 1));
        return result == BadAddress ? 0 : result;
    }

    private static long CloneByStructure()
    {
        const int Length = 88;
        var arguments = new byte[Length];
        arguments[32] = ChildSignal;
        return RawCall.MakeWith(arguments, address => RawCall.MakeProcess(435, address, Length));
    }
}
