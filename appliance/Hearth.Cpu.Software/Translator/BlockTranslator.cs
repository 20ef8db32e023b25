using Hearth.Memory;
using Iced.Intel;

namespace Hearth.Cpu.Software;

/// <summary>Translates one block: decodes it, emits each instruction, and adds what lies out of line.</summary>
internal sealed unsafe class BlockTranslator
{
    private const int MaximumInstructions = 64;

    private readonly CodeCache _cache;
    private readonly InstructionClassifier _classifier;
    private readonly TranslationContext _context = new();
    private readonly HostEmitter _emitter;
    private readonly NativeEmitter _native;
    private readonly BitStringEmitter _bitString;
    private readonly StackEmitter _stack;
    private readonly ControlFlowEmitter _flow;
    private readonly SystemEmitter _system;
    private readonly StringEmitter _string;
    private readonly GuestCodeReader _reader = new();
    private readonly Decoder _decoder16;
    private readonly Decoder _decoder32;
    private readonly Decoder _decoder64;
    private readonly Instruction[] _instructions = new Instruction[MaximumInstructions];
    private int _count;

    /// <param name="hasNativeTimestamp">The host's time-stamp counter runs at the guest's pace.</param>
    /// <param name="tryNumberOf">Gives the number of a mode.</param>
    public BlockTranslator(CodeCache cache, InstructionClassifier classifier, bool hasNativeTimestamp, SystemEmitter.TryNumber tryNumberOf)
    {
        _cache = cache;
        _classifier = classifier;
        _emitter = _context.Emitter;
        var memory = new MemoryEmitter(_context);
        var encoder = new HostEncoder(_emitter);
        _native = new NativeEmitter(_context, memory, encoder);
        _bitString = new BitStringEmitter(_context, memory, encoder);
        _stack = new StackEmitter(_context, memory);
        _flow = new ControlFlowEmitter(_context, memory, _stack, cache.Stubs);
        _system = new SystemEmitter(_context, _native, _flow, cache) { HasNativeTimestamp = hasNativeTimestamp, TryNumberOf = tryNumberOf };
        _string = new StringEmitter(_context, memory, _flow, cache);
        _decoder16 = Decoder.Create(16, _reader, classifier.DecoderOptions);
        _decoder32 = Decoder.Create(32, _reader, classifier.DecoderOptions);
        _decoder64 = Decoder.Create(64, _reader, classifier.DecoderOptions);
    }

    /// <summary>Translates from a source; null when its first instruction runs past the end of what may be read.</summary>
    public TranslatedBlock? Translate(in BlockSource source)
    {
        bool endsOpen = Decode(source);
        if (_count == 0)
            return null;
        _context.BeginBlock(source.Mode, _cache.Next);
        EmitEntries(source.Start, out byte* far, out byte* check, out byte* near, out byte* kickJump);
        int next = source.Start;
        bool ended = false;
        for (int i = 0; i < _count && !ended; i++)
        {
            StackRun run = FindStackRun(i);
            i += Math.Max(run.Count - 1, 0);
            Instruction instruction = _instructions[i];
            next = (int)instruction.IP + instruction.Length;
            ended = run.Count > 0 ? EmitStackRun(run) : EmitInstruction(instruction, i);
        }

        if (!ended)
            EmitEnd(next, endsOpen);
        HostEmitter.Bind(kickJump, _emitter.Position);
        _flow.ExitTo(_cache.Stubs.Kick, source.Start);
        EmitStackRunsOneByOne();
        EmitChainStubs(source.Physical & ~0xFFFUL);
        EmitSlowSites();
        int length = (int)(_emitter.Position - far);
        bool isPortable = IsPortable(source, length);
        _cache.Next = (byte*)(((nint)_emitter.Position + 15) & ~15);
        return new TranslatedBlock
        {
            CodeLength = length,
            Details = isPortable || next > 4096 ? Details(source, next, isPortable) : null,
            Physical = source.Physical,
            Length = next - source.Start,
            Mode = source.Mode,
            FarEntry = far,
            CheckedOffset = (int)(check - far),
            NearOffset = (int)(near - far),
        };
    }

    /// <summary>Collects what <see cref="BlockDetails.Relocations"/> holds from now on.</summary>
    public void KeepRelocations() => _emitter.Relocations = [];

    /// <summary>Puts the code of a block that was kept from another run at the end of the code cache.</summary>
    /// <returns>Null when its bytes no longer decode as they did: it is of no use.</returns>
    public TranslatedBlock? Place(in KeptBlock kept, in BlockSource source)
    {
        byte* start = _cache.Next;
        kept.Code.CopyTo(new Span<byte>(start, kept.Code.Length));
        foreach (uint packed in kept.Relocations)
        {
            Relocation relocation = Relocation.Unpack(packed);
            byte* at = start + relocation.Offset;
            switch (relocation.Kind)
            {
                case RelocationKind.Stub:
                    *(int*)at = (int)(_cache.Start + *(int*)at - (at + sizeof(int)));
                    break;
                case RelocationKind.Kept:
                    if (!TryDecodeOne(source, relocation.Value & 0xFFF, out Instruction instruction))
                        return null;
                    *(int*)at = _cache.Keep(new KeptInstruction(instruction, (KeptReason)(relocation.Value >> 12), _classifier.UnitOf(instruction.Code)));
                    break;
                case RelocationKind.Page:
                    *(uint*)at = (uint)(source.Physical >> GuestRam.PageShift);
                    break;
                default:
                    break;
            }
        }

        uint offset = (uint)(start - _cache.Start);
        foreach (uint entry in kept.Map)
            _cache.Map.Add(offset + (ushort)entry, (int)(entry >> 16));
        _cache.Next = (byte*)(((nint)start + kept.Code.Length + 15) & ~15);
        return new TranslatedBlock
        {
            Physical = source.Physical,
            Length = kept.Bytes.Length,
            Mode = source.Mode,
            FarEntry = start,
            CheckedOffset = kept.CheckedEntry,
            NearOffset = kept.NearEntry,
            CodeLength = kept.Code.Length,
        };
    }

    /// <param name="next">Past the last instruction.</param>
    private BlockDetails Details(in BlockSource source, int next, bool isPortable) => new()
    {
        SecondPage = next > 4096 ? source.SecondPage : TranslatedBlock.NoPage,
        Relocations = isPortable ? Pack(_emitter.Relocations!) : null,
        Bytes = isPortable ? new ReadOnlySpan<byte>((byte*)source.Page + source.Start, next - source.Start).ToArray() : [],
    };

    private static uint[] Pack(List<Relocation> relocations)
    {
        var packed = new uint[relocations.Count];
        for (int i = 0; i < packed.Length; i++)
            packed[i] = relocations[i].Pack();
        return packed;
    }

    private bool IsPortable(in BlockSource source, int length) => _emitter.Relocations is not null && length < Relocation.LongestBlock &&
        !_context.IsTiedToRun && !_context.IsSingleStep && source.SecondPage == TranslatedBlock.NoPage;

    private bool TryDecodeOne(in BlockSource source, int offset, out Instruction instruction)
    {
        byte* page = (byte*)source.Page;
        _reader.Set(page + offset, page + source.End);
        Decoder decoder = DecoderOf(source.Mode);
        decoder.IP = (ulong)offset;
        decoder.Decode(out instruction);
        return decoder.LastError != DecoderError.NoMoreBytes;
    }

    private Decoder DecoderOf(ModeFlags mode) => (mode & ModeFlags.Long) != 0 ? _decoder64 : (mode & ModeFlags.Code32) != 0 ? _decoder32 : _decoder16;

    /// <returns>True when the instruction after the last one was cut off by the end of what may be read.</returns>
    private bool Decode(in BlockSource source)
    {
        byte* page = (byte*)source.Page;
        _reader.Set(page + source.Start, page + source.End);
        Decoder decoder = DecoderOf(source.Mode);
        decoder.IP = (ulong)source.Start;
        int limit = (source.Mode & ModeFlags.SingleStep) != 0 || source.SecondPage != TranslatedBlock.NoPage ? 1 : MaximumInstructions;
        _count = 0;
        while (_count < limit && (int)decoder.IP < source.End)
        {
            ref Instruction instruction = ref _instructions[_count];
            decoder.Decode(out instruction);
            if (decoder.LastError == DecoderError.NoMoreBytes)
                return true;
            _count++;
            if (EndsBlock(_classifier.KindOf(instruction)))
                return false;
        }

        return false;
    }

    /// <summary>The three ways in; see <see cref="TranslatedBlock"/>.</summary>
    private void EmitEntries(int offset, out byte* far, out byte* check, out byte* near, out byte* kickJump)
    {
        // Its first instruction is what TranslatedBlock.Kill writes over.
        far = _emitter.Position;
        _emitter.LeaLong(_context.Is64Bit, RegisterMap.Address, new HostOperand(RegisterMap.Address, -offset));
        _emitter.Store(HostOperand.Field(FieldOffsets.PageRip), RegisterMap.Address);
        check = _emitter.Position;
        _emitter.Load32(RegisterMap.Test, HostOperand.Field(FieldOffsets.Kick));
        byte* go = _emitter.JumpIfRcxZero();
        kickJump = _emitter.Jump();
        _emitter.BindShort(go);
        near = _emitter.Position;
    }

    /// <summary>The pushes or pops of 64-bit registers from an instruction on that are worth a check in common.</summary>
    private StackRun FindStackRun(int first)
    {
        // After STI, interrupts are looked for behind the next instruction.
        bool isPlain = _context.Is64Bit && !_context.IsSingleStep && (_context.Mode & ModeFlags.AlignmentCheck) == 0;
        if (!isPlain || FollowsSetInterrupt(first))
            return default;
        InstructionKind kind = _classifier.KindOf(_instructions[first]);
        if (kind is not (InstructionKind.Push or InstructionKind.Pop))
            return default;
        int end = first;
        while (end < _count && _classifier.KindOf(_instructions[end]) == kind && IsPlainRegister(_instructions[end]))
            end++;
        bool returns = kind == InstructionKind.Pop && end > first && end < _count && _classifier.KindOf(_instructions[end]) == InstructionKind.Return &&
            _flow.IsPredicted(ControlFlowEmitter.ReturnSize(_instructions[end]));
        int count = end - first + (returns ? 1 : 0);
        return count < 2 ? default : new StackRun { First = first, Count = count, Returns = returns };
    }

    private static bool IsPlainRegister(in Instruction instruction) => instruction.Op0Kind == OpKind.Register && instruction.Op0Register.IsGPR64() &&
        RegisterMap.GuestNumber(instruction.Op0Register) != RegisterMap.GuestRsp;

    /// <returns>True when nothing runs on after it.</returns>
    private bool EmitStackRun(StackRun run)
    {
        ReadOnlySpan<Instruction> instructions = _instructions.AsSpan(run.First, run.Count - (run.Returns ? 1 : 0));
        BeginInstruction(instructions[0], run.First);
        run.MissJump = _classifier.KindOf(instructions[0]) == InstructionKind.Push ? _stack.PushRun(instructions) : _stack.PopRun(instructions, run.Returns);
        if (run.Returns)
        {
            ref readonly Instruction last = ref _instructions[run.First + run.Count - 1];
            BeginInstruction(last, run.First + run.Count - 1);
            _flow.ReturnToLoaded(last);
        }

        run.Continue = _emitter.Position;
        _context.AddStackRun(run);
        return run.Returns;
    }

    private void EmitStackRunsOneByOne()
    {
        foreach (ref readonly StackRun run in _context.StackRuns)
        {
            HostEmitter.Bind(run.MissJump, _emitter.Position);
            for (int i = run.First; i < run.First + run.Count; i++)
                EmitInstruction(_instructions[i], i);
            if (!run.Returns)
                _emitter.Jump(run.Continue);
        }
    }

    private bool FollowsSetInterrupt(int index) => index > 0 && _classifier.KindOf(_instructions[index - 1]) == InstructionKind.SetInterrupt;

    private void BeginInstruction(in Instruction instruction, int index)
    {
        int offset = (int)instruction.IP;
        bool waits = _classifier.UnitOf(instruction.Code) == InstructionUnit.X87 && instruction.Mnemonic is not (Mnemonic.Fnstcw or Mnemonic.Fnstsw);
        _context.BeginInstruction(offset, instruction.Length, waits, FollowsSetInterrupt(index));
        _context.MayFaultOnHost = _classifier.MayFaultOnHost(instruction.Code);
        if (_context.MayFaultOnHost)
            NoteHostCode(offset);
    }

    /// <summary>What is emitted from here on belongs to an instruction that a fault of the host may have to be told of.</summary>
    private void NoteHostCode(int offset) => _cache.Map.Add((uint)(_emitter.Position - _cache.Start), offset);

    /// <returns>True when nothing runs on after the instruction.</returns>
    private bool EmitInstruction(in Instruction instruction, int index)
    {
        InstructionKind kind = _classifier.KindOf(instruction);
        BeginInstruction(instruction, index);
        if (!UnitUsable(instruction.Code, kind))
            return Keep(instruction, KeptReason.UnitUnavailable);
        TranslationContext.Mark mark = _context.GetMark();
        if (!TryEmit(instruction, kind, index, out bool ended))
        {
            _context.Return(mark);
            return Keep(instruction, KeptReason.Interpret);
        }

        if (!ended)
            _context.EndTail(complete: true);
        if (_context.FollowsSetInterrupt && !ended && kind is not (InstructionKind.PopFlags or InstructionKind.SetInterrupt))
            EmitInterruptCheck(_context.NextOffset);
        return ended;
    }

    private bool TryEmit(in Instruction instruction, InstructionKind kind, int index, out bool ended)
    {
        ended = EndsBlock(kind);
        switch (kind)
        {
            case InstructionKind.Native:
                return _native.TryEmit(instruction);
            case InstructionKind.Nop:
                return true;
            case InstructionKind.Lea:
                _native.EmitLea(instruction);
                return true;
            case InstructionKind.MoveSelector:
                _native.EmitMoveSelector(instruction);
                return true;
            case InstructionKind.BitString:
                return _bitString.TryEmit(instruction);
            case InstructionKind.Push:
                _stack.Push(instruction);
                return true;
            case InstructionKind.Pop:
                _stack.Pop(instruction);
                return true;
            case InstructionKind.Leave:
                _stack.Leave(instruction);
                return true;
            case InstructionKind.String:
                return _string.TryEmit(instruction);
            case InstructionKind.RepeatedString:
                return _string.TryRepeat(instruction);
            case InstructionKind.Invalid:
                return Keep(instruction, KeptReason.Undefined);
            case InstructionKind.PushFlags or InstructionKind.PopFlags or InstructionKind.ClearInterrupt or InstructionKind.SetInterrupt
                or InstructionKind.ClearDirection or InstructionKind.SetDirection:
                return TryEmitFlags(instruction, kind, index);
            case InstructionKind.Interpret:
                return false;
            case >= InstructionKind.ReadBase:
                return TryEmitSystem(instruction, kind);
            default:
                EmitFlow(instruction, kind);
                return true;
        }
    }

    private bool TryEmitFlags(in Instruction instruction, InstructionKind kind, int index)
    {
        switch (kind)
        {
            case InstructionKind.ClearDirection or InstructionKind.SetDirection:
                _emitter.StoreImmediate8(HostOperand.Field(FieldOffsets.Direction), kind == InstructionKind.SetDirection ? (byte)1 : (byte)0);
                return true;

            // RF is set at most where instructions run one by one: PUSHF does not show it and POPF clears it.
            case var _ when (_context.Mode & ModeFlags.IoPrivileged) == 0 || _context.IsSingleStep:
                return false;
            case InstructionKind.PushFlags:
                _stack.PushFlags(Math.Abs(instruction.StackPointerIncrement));
                return true;
            case InstructionKind.PopFlags:
                EmitPopFlags(instruction);
                return true;
            case InstructionKind.ClearInterrupt:
                _emitter.StoreImmediate8(HostOperand.Field(FieldOffsets.InterruptEnable), 0);
                return true;
            default:
                return TryEmitSetInterrupt(index);
        }
    }

    private bool TryEmitSystem(in Instruction instruction, InstructionKind kind) => kind switch
    {
        InstructionKind.ReadBase => _system.TryReadBase(instruction),
        InstructionKind.WriteBase => _system.TryWriteBase(instruction),
        InstructionKind.SwapBase => _system.TrySwapBase(instruction),
        InstructionKind.ReadControl => _system.TryReadControl(instruction),
        InstructionKind.ReadTimestamp => _system.TryReadTimestamp(instruction),
        InstructionKind.ChangeAlignmentCheck => _system.TryChangeAlignmentCheck(instruction),
        _ => _system.TryTransition(instruction),
    };

    /// <summary>
    /// Interrupts wait for one more instruction, so that one must lie in this block: between blocks, the kick word is looked at.
    /// Where it falls through, the block looks for interrupts after it; otherwise the kick word makes whatever comes next look.
    /// </summary>
    private bool TryEmitSetInterrupt(int index)
    {
        if (index + 1 >= _count)
            return false;
        _emitter.StoreImmediate8(HostOperand.Field(FieldOffsets.InterruptEnable), 1);
        if (FallsThrough(_classifier.KindOf(_instructions[index + 1])))
            return true;
        _emitter.Load32(RegisterMap.Test, HostOperand.Field(FieldOffsets.InterruptWaiting));
        byte* none = _emitter.JumpIfRcxZero();
        _emitter.StoreImmediate32(HostOperand.Field(FieldOffsets.Kick), 1);
        _emitter.BindShort(none);
        return true;
    }

    private void EmitPopFlags(in Instruction instruction)
    {
        byte* rest = _stack.PopFlags(instruction.StackPointerIncrement);
        EmitInterruptCheck(_context.NextOffset);
        byte* done = _emitter.Jump();
        HostEmitter.Bind(rest, _emitter.Position);
        Keep(instruction, KeptReason.Interpret);
        HostEmitter.Bind(done, _emitter.Position);
    }

    private void EmitFlow(in Instruction instruction, InstructionKind kind)
    {
        switch (kind)
        {
            case InstructionKind.Jump:
                _flow.Jump(instruction);
                break;
            case InstructionKind.JumpConditional:
                _flow.JumpConditional(instruction);
                break;
            case InstructionKind.JumpCounter:
                _flow.JumpCounter(instruction);
                break;
            case InstructionKind.JumpIndirect:
                _flow.JumpIndirect(instruction);
                break;
            case InstructionKind.Call:
                _flow.Call(instruction);
                break;
            case InstructionKind.CallIndirect:
                _flow.CallIndirect(instruction);
                break;
            default:
                _flow.Return(instruction);
                break;
        }
    }

    private void EmitEnd(int next, bool crossingFollows)
    {
        if (_context.IsSingleStep && next < 4096)
            _flow.ExitTo(_cache.Stubs.LookupOffset, next);
        else if (crossingFollows)
            _flow.LookUpOffset(next, narrow: false);
        else
            _flow.JumpTo(next, narrow: false);
    }

    /// <summary>Leaves when a kick or a waiting interrupt is there: the two words lie side by side.</summary>
    private void EmitInterruptCheck(int next)
    {
        _emitter.Load(RegisterMap.Test, HostOperand.Field(FieldOffsets.Kick));
        byte* go = _emitter.JumpIfRcxZero();
        _flow.ExitTo(_cache.Stubs.Kick, next);
        _emitter.BindShort(go);
    }

    private bool Keep(in Instruction instruction, KeptReason reason)
    {
        int number = _cache.Keep(new KeptInstruction(instruction, reason, _classifier.UnitOf(instruction.Code)));
        _flow.ExitToKept(_cache.Stubs.Interpret, number, reason);
        return true;
    }

    /// <summary>The return address of each call holds a <see cref="ChainDetail"/>, and the number of the page whose code it is part of.</summary>
    private void EmitChainStubs(ulong page)
    {
        foreach (ref readonly ChainSite site in _context.ChainSites)
        {
            HostEmitter.Bind(site.Jump, _emitter.Position);
            _emitter.Relocations?.Add(new Relocation(RelocationKind.Chain, (int)(site.Jump - _emitter.BlockStart) - sizeof(int), 0));
            _emitter.Call(_cache.Stubs.Chain);
            _emitter.Dword((int)new ChainDetail(site.TargetOffset, site.IsChecked, (int)(_emitter.Position - site.Jump)).Value);
            _emitter.Dword((int)(page >> GuestRam.PageShift));
            _context.NoteRelocation(RelocationKind.Page, sizeof(uint), 0);
        }
    }

    /// <summary>A call is told what it is for by a dword behind the jump that it returns to (<see cref="CodeStubs.DetailOffset"/>).</summary>
    private void EmitSlowSites()
    {
        foreach (ref readonly SlowSite site in _context.SlowSites)
        {
            HostEmitter.Bind(site.MissJump, _emitter.Position);
            if (site.MayFaultOnHost)
                NoteHostCode(site.Detail.Offset);
            if (site.Address != RegisterMap.Address)
                _emitter.Move(RegisterMap.Address, site.Address);
            _emitter.Call(_cache.Stubs.Slow);
            _emitter.Jump(site.Continue);
            _emitter.Dword((int)site.Detail.Value);
            if (site.TailEnd is null)
                continue;
            _emitter.Bytes(new ReadOnlySpan<byte>(site.Continue, (int)(site.TailEnd - site.Continue)));
            _emitter.Call(_cache.Stubs.Commit);
            _emitter.Jump(site.TailEnd);
            _emitter.Dword(site.NextOffset);
        }
    }

    private bool UnitUsable(Code code, InstructionKind kind)
    {
        if (kind is not (InstructionKind.Native or InstructionKind.Interpret))
            return true;
        ModeFlags needed = _classifier.UnitOf(code) switch
        {
            InstructionUnit.X87 => ModeFlags.X87Usable,
            InstructionUnit.Sse => ModeFlags.SseUsable,
            InstructionUnit.Avx => ModeFlags.AvxUsable,
            _ => ModeFlags.None,
        };
        return (_context.Mode & needed) == needed;
    }

    private static bool EndsBlock(InstructionKind kind) => kind is InstructionKind.Interpret or InstructionKind.Invalid or InstructionKind.RepeatedString or InstructionKind.Jump
        or InstructionKind.JumpIndirect or InstructionKind.Call or InstructionKind.CallIndirect or InstructionKind.Return
        or InstructionKind.ChangeAlignmentCheck or InstructionKind.Transition;

    private static bool FallsThrough(InstructionKind kind) =>
        !EndsBlock(kind) && kind is not (InstructionKind.PopFlags or InstructionKind.JumpConditional or InstructionKind.JumpCounter or InstructionKind.SetInterrupt);
}
