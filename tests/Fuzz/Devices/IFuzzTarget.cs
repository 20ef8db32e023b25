namespace Hearth.Fuzz.Devices;

/// <summary>A device on a machine of its own, and what can be done to it: by a guest's registers and memory, by time, by the world outside.</summary>
internal interface IFuzzTarget
{
    string Name { get; }

    /// <summary>Does one thing.</summary>
    void Act(Random random);
}
