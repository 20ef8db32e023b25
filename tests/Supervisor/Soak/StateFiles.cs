using System.Globalization;

namespace Hearth.Supervisor.Tests.Soak;

/// <summary>The files of a house's states, to be damaged.</summary>
internal sealed class StateFiles
{
    private const int VersionOffset = 8;

    private readonly string _home;
    private readonly string _states;
    private readonly Dictionary<string, long> _packs;

    /// <summary>What the packs have now stays as it is.</summary>
    public StateFiles(string home)
    {
        _home = home;
        _states = Path.Combine(home, "states");
        _packs = Packs().ToDictionary(pack => pack, pack => new FileInfo(pack).Length);
    }

    public void Damage(long state, StateDamage damage)
    {
        string folder = Path.Combine(_states, "states", state.ToString("D12", CultureInfo.InvariantCulture));
        switch (damage)
        {
            case StateDamage.Machine:
                Flip(Path.Combine(folder, "machine"), 100);
                break;
            case StateDamage.Manifest:
                Flip(Path.Combine(folder, "manifest"), 40);
                break;
            case StateDamage.Layer:
                string[] layers = [.. Directory.GetFiles(Path.Combine(_home, "guests", "1"), "disk*.qcow2").Order()];
                Flip(layers[^2], 0);
                break;
            case StateDamage.Version:
                Flip(Path.Combine(folder, "manifest"), VersionOffset + 1);
                break;
            default:
                foreach (string pack in Packs())
                {
                    for (long offset = _packs.GetValueOrDefault(pack); offset < new FileInfo(pack).Length; offset += 1024)
                        Flip(pack, offset);
                }

                break;
        }
    }

    private static void Flip(string path, long offset)
    {
        using FileStream file = new(path, FileMode.Open, FileAccess.ReadWrite);
        file.Position = offset;
        int value = file.ReadByte();
        file.Position = offset;
        file.WriteByte((byte)(value ^ 1));
    }

    private string[] Packs() => Directory.GetFiles(Path.Combine(_states, "packs"));
}
