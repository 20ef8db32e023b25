using Hearth.Api.Messages;

namespace Hearth.Supervisor.Tests.Soak;

/// <summary>What the house has said of one guest, and what was asked of it that it has not answered. By one thread at a time.</summary>
internal sealed class Ledger
{
    private readonly Dictionary<long, bool> _pinned = [];
    private readonly HashSet<long> _doubtful = [];

    /// <summary>The share of the processors that was set last.</summary>
    public int Weight { get; private set; } = 100;

    /// <summary>One that was asked for, too.</summary>
    public int? DoubtfulWeight { get; private set; }

    /// <summary>States whose saving was reported, and that nobody has asked to delete.</summary>
    public IReadOnlyList<long> States => [.. _pinned.Keys.Where(state => !_doubtful.Contains(state))];

    public bool IsPinned(long state) => _pinned[state];

    public void Saved(StateMessage state) => _pinned[state.Id] = state.Pinned;

    /// <summary>A state is to be changed or deleted.</summary>
    public void Ask(long state) => _doubtful.Add(state);

    public void Refused(long state) => _doubtful.Remove(state);

    public void Pinned(StateMessage state)
    {
        _pinned[state.Id] = state.Pinned;
        _doubtful.Remove(state.Id);
    }

    public void Deleted(long state)
    {
        _pinned.Remove(state);
        _doubtful.Remove(state);
    }

    public void AskWeight(int weight) => DoubtfulWeight = weight;

    public void Weighed(int weight) => (Weight, DoubtfulWeight) = (weight, null);

    /// <summary>Compares with what is there, and takes that from now on where it was in doubt.</summary>
    /// <returns>What is missing.</returns>
    public IReadOnlyList<string> Compare(GuestMessage guest, IReadOnlyList<StateMessage> listed)
    {
        Dictionary<long, StateMessage> there = listed.ToDictionary(state => state.Id);
        var faults = new List<string>();
        faults.AddRange(States.Where(state => !there.ContainsKey(state)).Select(state => $"{guest.Name} has lost its state {state}"));
        faults.AddRange(States.Where(state => there.TryGetValue(state, out StateMessage? found) && found.Pinned != _pinned[state]).Select(state => $"state {state} of {guest.Name} is not pinned as it was"));
        if (guest.Settings.CpuWeight != Weight && guest.Settings.CpuWeight != DoubtfulWeight)
            faults.Add($"{guest.Name} has a share of {guest.Settings.CpuWeight}, and not {Weight}");
        foreach (long state in _pinned.Keys.Where(state => !there.ContainsKey(state)).ToArray())
            Deleted(state);
        foreach (long state in _pinned.Keys.ToArray())
            Pinned(there[state]);
        Weighed(guest.Settings.CpuWeight ?? Weight);
        return faults;
    }
}
