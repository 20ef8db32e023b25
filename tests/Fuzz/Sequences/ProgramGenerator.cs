using Hearth.Fuzz.Forms;
using Hearth.Fuzz.Generation;
using Hearth.Fuzz.State;
using Iced.Intel;

namespace Hearth.Fuzz.Sequences;

/// <summary>
/// Makes random programs: straight code of all kinds, forward branches, bounded loops, calls, string operations, stores into
/// code ahead, at any place relative to a page boundary.
/// </summary>
internal sealed class ProgramGenerator
{
    private const int MaxInstructions = 40;

    private readonly SeededRandom _random;
    private readonly CodeMode _mode;
    private readonly ProgramDraft _draft;
    private readonly ReservedRegisters _reserved;
    private readonly PooledOperands _memory;
    private readonly FormPool _pool;
    private readonly FlowInstructions _flow;
    private readonly Encoder _encoder;
    private readonly List<int> _calls = [];
    private int _order;
    private bool _inLoop;

    private ProgramGenerator(CodeMode mode, SeededRandom random)
    {
        _random = random;
        _mode = mode;
        int offset = random.Chance(35) ? MemoryLayout.PageSize - random.Below(160) : 0x100 + random.Below(0x800);
        _draft = new ProgramDraft(mode, offset);
        RandomState.Fill(_draft.Program, random);
        Tame(_draft.Program.State);
        _reserved = new ReservedRegisters(_draft.Program, random);
        _memory = new PooledOperands(mode, _reserved, random);
        _pool = FormPool.Of(mode);
        _flow = new FlowInstructions(mode);
        _encoder = Encoder.Create(_draft.Bitness, new NullWriter());
    }

    /// <summary>The mode of the program that belongs to a seed.</summary>
    public static CodeMode ModeOf(ulong seed) => PickMode(new SeededRandom(seed));

    /// <summary>Makes the program that belongs to a seed.</summary>
    /// <returns>Null when it cannot be encoded.</returns>
    public static ProgramDraft? Create(ulong seed)
    {
        var random = new SeededRandom(seed);
        CodeMode mode = PickMode(random);
        var generator = new ProgramGenerator(mode, random);
        generator.Generate(random.Between(1, MaxInstructions));
        return generator._draft.TryAssemble() ? generator._draft : null;
    }

    private static CodeMode PickMode(SeededRandom random) =>
        random.Below(10) switch { < 7 => CodeMode.Long, < 9 => CodeMode.Protected32, _ => CodeMode.Protected16 };

    /// <summary>Most programs should not end at the first unmasked exception or misaligned access.</summary>
    private void Tame(ProcessorState state)
    {
        const ulong AlignmentCheckAndTrap = (1 << 18) | RandomState.Trap;
        state.Registers[4] = (_mode == CodeMode.Protected16 ? 0 : MemoryLayout.Stack.Address) + 0x1000 + (ulong)(_random.Below(32) * 8);
        if (_random.Chance(75))
            state.Rflags &= ~AlignmentCheckAndTrap;
        if (_random.Chance(90))
            state.Mxcsr |= 0x1F80;
        if (_random.Chance(90))
        {
            state.X87Control |= 0x3F;
            state.X87Status &= 0x7F7F;
        }
    }

    private void Generate(int count)
    {
        while (_draft.Items.Count < count)
            Emit(count - _draft.Items.Count);
        if (_calls.Count == 0)
            return;
        Add(Instruction.Create(Code.Int3));
        foreach (int call in _calls)
        {
            _draft.Items[call] = _draft.Items[call] with { Target = _order };
            Straight(_random.Between(1, 4));
            Add(_flow.Return());
        }
    }

    private void Emit(int room)
    {
        switch (_random.Below(40))
        {
            case 0 or 1 or 2:
                ForwardBranch(_random.Between(1, 4));
                break;
            case 3 when !_inLoop && room > 4:
                Loop(_random.Between(1, 6));
                break;
            case 4 when !_inLoop:
                _calls.Add(_draft.Items.Count);
                Add(_flow.Call(), LabelUse.Branch, 0);
                break;
            case 5:
                IndirectJump();
                break;
            case 6:
                StringOperation();
                break;
            case 7:
                StoreIntoCode();
                break;
            case 8:
                Add(_flow.PushFlags());
                Straight(1);
                Add(_flow.PopFlags());
                break;
            case 9:
                Add(Instruction.Create(_random.Chance(50) ? Code.Cld : Code.Std));
                break;
            default:
                Straight(1);
                break;
        }
    }

    private void Straight(int count)
    {
        for (int i = 0; i < count; i++)
        {
            Instruction instruction;
            do
            {
                instruction = new OperandBuilder(_pool.Pick(_random), _draft.Program, _memory, _random).Build();
            }
            while (!_reserved.Allows(instruction) || !_encoder.TryEncode(instruction, 0, out _, out _));
            Add(instruction);
        }
    }

    private void ForwardBranch(int over)
    {
        int branch = _draft.Items.Count;
        Add(_random.Chance(85) ? _flow.ConditionalJump(_random.Below(16)) : _flow.Jump(), LabelUse.Branch, 0);
        Straight(over);
        _draft.Items[branch] = _draft.Items[branch] with { Target = _order };
    }

    /// <summary>MOV counter, n; body; DEC counter; JNZ body. DEC keeps CF alive across the back-edge.</summary>
    private void Loop(int length)
    {
        _inLoop = true;
        Add(_flow.LoadImmediate(_reserved.Counter, _random.Between(1, 12)));
        int start = _order;
        int end = _draft.Items.Count + length;
        while (_draft.Items.Count < end)
            Emit(0);
        Add(_flow.Decrement(_reserved.Counter));
        Add(_flow.ConditionalJump(5), LabelUse.Branch, start);
        _inLoop = false;
    }

    private void IndirectJump()
    {
        int skipped = _random.Below(3);
        if (_mode == CodeMode.Protected16)
        {
            ForwardBranch(skipped + 1);
            return;
        }

        int lea = _draft.Items.Count;
        Add(_flow.LoadAddress(), LabelUse.Displacement, 0);
        Add(_flow.JumpIndirect());
        Straight(skipped);
        _draft.Items[lea] = _draft.Items[lea] with { Target = _order };
    }

    private void StringOperation()
    {
        Form form = _random.Pick<Form>(_pool.Strings);
        Instruction instruction = new OperandBuilder(form, _draft.Program, _memory, _random).Build();
        Add(_flow.CopyRegister(6, _reserved.Pointer));
        Add(_flow.CopyRegister(7, _reserved.SecondPointer));
        Add(_flow.LoadImmediate(1, _random.Below(30)));
        Add(instruction);
        RestoreReserved();
    }

    /// <summary>RSI, RDI and RCX may themselves be reserved; the string operation has moved them.</summary>
    private void RestoreReserved()
    {
        foreach (int number in (ReadOnlySpan<int>)[_reserved.Pointer, _reserved.SecondPointer, _reserved.Index])
        {
            if (number is 6 or 7)
                Add(_flow.LoadImmediate(number, (long)_draft.Program.State.Registers[number]));
        }
    }

    /// <summary>Changes the immediate, or the whole, of an instruction a few ahead.</summary>
    private void StoreIntoCode()
    {
        int store = _draft.Items.Count;
        Add(_flow.StoreByte(_random.Below(256)), LabelUse.ImmediateBefore, 0);
        Straight(_random.Below(3));
        Add(_flow.LoadImmediate(0, _random.Below(0x7000_0000)));
        _draft.Items[store] = _draft.Items[store] with { Target = _order };
        if (_mode == CodeMode.Protected16)
            _draft.Items.RemoveAt(store);
    }

    private void Add(in Instruction instruction, LabelUse use = LabelUse.None, int target = -1) =>
        _draft.Items.Add(new ProgramItem(instruction, _order++, target, use));

    /// <summary>For finding out whether an instruction has an encoding at all: AH and R8 together have none.</summary>
    private sealed class NullWriter : CodeWriter
    {
        public override void WriteByte(byte value)
        {
        }
    }
}
