namespace Hearth.Linux.Jail;

/// <summary>
/// The numbers that descriptors have while a jail is made. They lie above every number that this process has them by and that the program
/// is to know them by, so that none is overwritten before it is in its place.
/// </summary>
internal sealed class JailNumbers
{
    private readonly List<(int From, int To)> _moves = [];
    private readonly List<(int From, int To)> _places = [];
    private readonly int _first;

    /// <param name="sources">Numbers here.</param>
    /// <param name="targets">Numbers in the program.</param>
    public JailNumbers(IEnumerable<int> sources, IEnumerable<int> targets)
    {
        const int Standard = 3;
        _first = sources.Concat(targets).Append(Standard).Max() + 1;
    }

    /// <summary>What goes on into the new process, by posix_spawn(3).</summary>
    public IReadOnlyList<(int From, int To)> Moves => _moves;

    /// <summary>What the program is to have, from the numbers in between to its own.</summary>
    public IReadOnlyList<(int From, int To)> Places => _places;

    /// <summary>Hands a descriptor to the script.</summary>
    /// <returns>Its number there.</returns>
    public int Carry(int source)
    {
        int number = _first + _moves.Count;
        _moves.Add((source, number));
        return number;
    }

    /// <summary>Hands a descriptor to the program.</summary>
    public void Give(int source, int target) => _places.Add((Carry(source), target));
}
