using Iced.Intel;

namespace Hearth.Cpu.Software;

/// <summary>How often generated code of one vCPU came back to C#, and for what. Written by the vCPU's thread, read when it has stopped.</summary>
internal sealed class ExitCounters
{
    private const int TopInstructions = 12;

    private static readonly ExitReason[] s_reasons = Enum.GetValues<ExitReason>();

    private readonly long[] _reasons = new long[s_reasons.Length];
    private readonly long[] _interpreted = new long[DecoderSets.MnemonicCapacity];
    private readonly long[] _faults = new long[32];

    private ulong _tlbFills;
    private ulong _jumpFills;

    /// <summary>Takes over what machine code counted.</summary>
    public unsafe void TakeMachineCode(VcpuState* state) => (_tlbFills, _jumpFills) = (state->TlbFills, state->JumpFills);

    public void Count(ExitReason reason) => _reasons[(int)reason]++;

    public void CountInterpreted(Mnemonic mnemonic) => _interpreted[(int)mnemonic]++;

    /// <summary>How often C# executed an instruction.</summary>
    public long Interpreted(Mnemonic mnemonic) => _interpreted[(int)mnemonic];

    public void CountFault(byte vector) => _faults[vector & 31]++;

    /// <summary>Adds another vCPU's counts to these.</summary>
    public void Add(ExitCounters other)
    {
        Add(_reasons, other._reasons);
        Add(_interpreted, other._interpreted);
        Add(_faults, other._faults);
        _tlbFills += other._tlbFills;
        _jumpFills += other._jumpFills;
    }

    public IEnumerable<EngineStatistic> Describe()
    {
        yield return new EngineStatistic("TLB misses served in machine code", Text((long)_tlbFills));
        yield return new EngineStatistic("jumps found by machine code", Text((long)_jumpFills));
        foreach (ExitReason reason in s_reasons)
            yield return new EngineStatistic($"exits: {reason}", Text(_reasons[(int)reason]));
        foreach (int vector in Enumerable.Range(0, _faults.Length).Where(vector => _faults[vector] != 0))
            yield return new EngineStatistic($"faults delivered: vector {vector}", Text(_faults[vector]));
        IEnumerable<int> top = Enumerable.Range(0, DecoderSets.MnemonicCapacity).Where(mnemonic => _interpreted[mnemonic] != 0)
            .OrderByDescending(mnemonic => _interpreted[mnemonic]).Take(TopInstructions);
        foreach (int mnemonic in top)
            yield return new EngineStatistic($"interpreted: {((Mnemonic)mnemonic).ToString().ToUpperInvariant()}", Text(_interpreted[mnemonic]));
    }

    private static void Add(long[] to, long[] from)
    {
        for (int i = 0; i < to.Length; i++)
            to[i] += from[i];
    }

    private static string Text(long count) => string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{count:N0}");
}
