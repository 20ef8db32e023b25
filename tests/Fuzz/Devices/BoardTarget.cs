using Hearth.Machine;
using Hearth.Testing;

namespace Hearth.Fuzz.Devices;

/// <summary>Parts of the board, whose places are fixed.</summary>
internal class BoardTarget : MachineTarget
{
    private readonly IMachineDevice[] _parts;

    /// <param name="create">Makes the parts, in the order in which they are restored.</param>
    public BoardTarget(Func<TestMachine, IMachineDevice[]> create)
    {
        _parts = create(Machine);
        Restart();
    }

    protected override IReadOnlyList<IMachineDevice> Parts => _parts;

    protected override int LongestStep => 30;

    protected sealed override void Restart()
    {
        foreach (IMachineDevice part in _parts)
            part.Reset();
    }

    protected override void ActAsDriver(Random random) => Access(random);

    protected override void ActFromOutside(Random random)
    {
        if (random.Next(100) == 0)
            Restart();
    }
}
