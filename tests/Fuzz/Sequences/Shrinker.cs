using Hearth.Fuzz.State;

namespace Hearth.Fuzz.Sequences;

/// <summary>Makes a failing program small: takes instructions away, then randomness out of the state, as long as it still fails.</summary>
internal static class Shrinker
{
    /// <param name="fails">Whether a candidate still shows the failure.</param>
    public static ProgramDraft Shrink(ProgramDraft draft, Func<ProgramDraft, bool> fails)
    {
        ArgumentNullException.ThrowIfNull(draft);
        ArgumentNullException.ThrowIfNull(fails);
        draft = RemoveItems(draft, fails);
        foreach (Action<ProcessorState> simplify in Simplifications())
        {
            ProgramDraft candidate = draft.Clone();
            simplify(candidate.Program.State);
            if (candidate.TryAssemble() && fails(candidate))
                draft = candidate;
        }

        return draft;
    }

    private static ProgramDraft RemoveItems(ProgramDraft draft, Func<ProgramDraft, bool> fails)
    {
        for (int size = Math.Max(1, draft.Items.Count / 2); size >= 1; size /= 2)
        {
            for (int start = 0; start + size <= draft.Items.Count;)
            {
                ProgramDraft candidate = draft.Clone();
                candidate.Items.RemoveRange(start, size);
                if (candidate.TryAssemble() && fails(candidate))
                    draft = candidate;
                else
                    start += size;
            }
        }

        return draft;
    }

    private static IEnumerable<Action<ProcessorState>> Simplifications()
    {
        ProcessorState plain = ProcessorState.Initial(CodeMode.Long);
        yield return state => state.Rflags = plain.Rflags;
        yield return state => plain.Xsave.CopyTo(state.Xsave, 0);
        yield return state => state.Mxcsr = plain.Mxcsr;
        yield return state => (state.X87Control, state.X87Status, state.X87Tags) = (plain.X87Control, plain.X87Status, plain.X87Tags);
        yield return state => (state.FsBase, state.GsBase) = (0, 0);
        for (int i = 0; i < 16; i++)
        {
            int register = i;
            yield return state => state.Registers[register] = register == 4 ? state.Registers[4] & ~0xFFFUL : 0;
            yield return state => state.Registers[register] &= 0xFF;
            yield return state => state.Xmm(register).Clear();
            yield return state => state.YmmHigh(register).Clear();
        }
    }
}
