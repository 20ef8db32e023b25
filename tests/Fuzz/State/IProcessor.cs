namespace Hearth.Fuzz.State;

/// <summary>Something that runs test programs: the host's processor, or an engine. Used by the thread that created it.</summary>
internal interface IProcessor : IDisposable
{
    string Name { get; }

    bool Supports(CodeMode mode);

    /// <summary>False when what a program ended with is due to the subject's surroundings, which are not the oracle's.</summary>
    bool IsConclusive(Outcome outcome) => true;

    /// <summary>Runs a program from its initial state to the first exception.</summary>
    void Run(TestProgram program, Outcome outcome);
}
