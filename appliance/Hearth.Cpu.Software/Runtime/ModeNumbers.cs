namespace Hearth.Cpu.Software;

/// <summary>Small numbers, from 1, for the modes that code was translated for; the guest decides how many there are. The owner's lock protects them.</summary>
internal sealed class ModeNumbers
{
    /// <summary>As many as keys of the <see cref="BlockIndex"/> and the places of the <see cref="JumpCache"/> can tell apart.</summary>
    public const int Maximum = 4094;

    private readonly Dictionary<ModeFlags, int> _numbers = [];

    public bool IsFull => _numbers.Count >= Maximum;

    /// <returns>False when there are <see cref="Maximum"/> already and this is another one.</returns>
    public bool TryGet(ModeFlags mode, out int number)
    {
        if (_numbers.TryGetValue(mode, out number))
            return true;
        if (IsFull)
            return false;
        number = _numbers.Count + 1;
        _numbers.Add(mode, number);
        return true;
    }

    public void Clear() => _numbers.Clear();
}
