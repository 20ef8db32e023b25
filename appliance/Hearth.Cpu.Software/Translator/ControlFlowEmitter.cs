using Iced.Intel;

namespace Hearth.Cpu.Software;

/// <summary>Jumps, calls and returns.</summary>
/// <remarks>
/// A jump within its page is patched to go straight to its target: while code of a page runs, that page stays mapped where it
/// is. Every other jump goes through the jump cache, which is emptied when the guest changes its address space.
/// </remarks>
internal sealed unsafe class ControlFlowEmitter(TranslationContext context, MemoryEmitter memory, StackEmitter stack, CodeStubs stubs)
{
    private readonly HostEmitter _emitter = context.Emitter;
    private readonly InstructionInfoFactory _infoFactory = new();

    public void Jump(in Instruction instruction) => JumpTo(Target(instruction), Narrow(instruction));

    /// <summary>Emits a conditional jump; the code after it is the path not taken.</summary>
    public void JumpConditional(in Instruction instruction)
    {
        int condition = (int)instruction.ConditionCode - (int)ConditionCode.o;
        long target = Target(instruction);
        if (IsChainable(target, Narrow(instruction)))
        {
            _emitter.AlignDisplacement(2);
            AddChainSite(_emitter.JumpIf(condition), target);
            return;
        }

        byte* skip = _emitter.JumpIf(condition ^ 1);
        JumpTo(target, Narrow(instruction));
        HostEmitter.Bind(skip, _emitter.Position);
    }

    public void JumpCounter(in Instruction instruction)
    {
        int width = CounterWidth(instruction);
        if (instruction.Mnemonic is Mnemonic.Loop or Mnemonic.Loope or Mnemonic.Loopne)
        {
            DecrementCounter(width);
            LoadCounter(width);
            byte* exhausted = JumpIfRcxZero();
            byte* wrongFlag = instruction.Mnemonic switch
            {
                Mnemonic.Loope => _emitter.JumpIf(5),
                Mnemonic.Loopne => _emitter.JumpIf(4),
                _ => null,
            };
            JumpTo(Target(instruction), Narrow(instruction));
            if (wrongFlag is not null)
                HostEmitter.Bind(wrongFlag, _emitter.Position);
            HostEmitter.Bind(exhausted, _emitter.Position);
            return;
        }

        LoadCounter(width);
        byte* zero = _emitter.JumpIfRcxZero();
        byte* skip = _emitter.Jump();
        _emitter.BindShort(zero);
        JumpTo(Target(instruction), Narrow(instruction));
        HostEmitter.Bind(skip, _emitter.Position);
    }

    public void JumpIndirect(in Instruction instruction)
    {
        LoadTarget(instruction, out _);
        CheckLimit();
        LookUp(popped: 0);
    }

    public void Call(in Instruction instruction)
    {
        int size = Narrow(instruction) ? 2 : context.Is64Bit ? 8 : 4;
        long target = Target(instruction);
        if (IsLimited && !IsChainable(target, Narrow(instruction)))
        {
            LoadOffset(target, Narrow(instruction));
            CheckLimit();
        }

        bool isChained = IsChainable(target, narrow: false);
        byte* call = PushReturn(size, isChained);
        if (call is null)
        {
            JumpTo(target, Narrow(instruction));
        }
        else if (isChained)
        {
            AddChainSite(call, target);
        }
        else
        {
            HostEmitter.Bind(call, _emitter.Position);
            LookUpOffset(target, narrow: false);
        }
    }

    public void CallIndirect(in Instruction instruction)
    {
        LoadTarget(instruction, out int size);
        if (context.Is64Bit)
            CheckCanonical();
        else
            CheckLimit();
        _emitter.Store(HostOperand.Field(FieldOffsets.Scratch), RegisterMap.Address);
        byte* call = PushReturn(size, isChained: false);
        if (call is not null)
            HostEmitter.Bind(call, _emitter.Position);
        _emitter.Load(RegisterMap.Address, HostOperand.Field(FieldOffsets.Scratch));
        LookUp(popped: 0);
    }

    public void Return(in Instruction instruction)
    {
        stack.LoadTop(ReturnSize(instruction));
        ReturnToLoaded(instruction);
    }

    /// <summary>The same with the target in R14 already.</summary>
    public void ReturnToLoaded(in Instruction instruction)
    {
        int size = ReturnSize(instruction);
        int extra = Math.Abs(instruction.StackPointerIncrement) - size;
        if (IsPredicted(size))
        {
            stack.Drop(size + extra);
            NoteBranch(size + extra);
            _emitter.Return();
            return;
        }

        CheckLimit();
        LookUp(size + extra);
    }

    /// <summary>The bytes of a return's address.</summary>
    public static int ReturnSize(in Instruction instruction) => Math.Abs(instruction.StackPointerIncrement) - (instruction.OpCount > 0 ? instruction.Immediate16 : 0);

    /// <summary>Calls and returns of 64-bit code use the <see cref="ReturnStack"/>.</summary>
    public bool IsPredicted(int size) => context.Is64Bit && !context.IsSingleStep && size == sizeof(ulong);

    /// <summary>Pushes the guest's return address, and a frame on the return stack.</summary>
    /// <param name="isChained">The call itself will be patched to go to its target.</param>
    /// <returns>Past the displacement of the host's call, to be bound; null when there is none and the code goes on to the target.</returns>
    private byte* PushReturn(int size, bool isChained)
    {
        stack.PushReturnAddress(context.NextOffset, size);
        if (!IsPredicted(size))
        {
            context.EndTail(complete: false);
            return null;
        }

        _emitter.Push(RegisterMap.Test);
        context.EndTail(complete: false);
        _emitter.ZeroExtend16(RegisterMap.Test, HostRegister.Rsp);
        byte* full = _emitter.JumpIfRcxZero();
        if (isChained)
            _emitter.AlignDisplacement(1);
        byte* again = _emitter.Position;
        byte* call = _emitter.Call();
        EmitReturnSite();

        // No room: all frames are forgotten, which costs detours and nothing else.
        _emitter.BindShort(full);
        _emitter.Pop(RegisterMap.Test);
        _emitter.Lea(HostRegister.Rsp, new HostOperand(HostRegister.Rsp, ReturnStack.Refill));
        _emitter.Push(RegisterMap.Test);
        _emitter.Jump(again);
        return call;
    }

    /// <summary>What the host returns to: goes on after the guest's call when the guest does.</summary>
    private void EmitReturnSite()
    {
        _emitter.Pop(RegisterMap.Test);
        if (context.NextOffset >= 4096)
        {
            // Another page: the jump cache knows whether it is there, and the return is what faults when it is not.
            _emitter.Jump(stubs.ReturnMismatch);
            return;
        }

        _emitter.Not(RegisterMap.Test);
        _emitter.Lea(RegisterMap.Test, new HostOperand(RegisterMap.Test, RegisterMap.Address, 1, 1));
        byte* same = _emitter.JumpIfRcxZero();
        _emitter.Jump(stubs.ReturnMismatch);
        _emitter.BindShort(same);
        _emitter.Lea(RegisterMap.Address, new HostOperand(RegisterMap.Address, -context.NextOffset));
        _emitter.Store(HostOperand.Field(FieldOffsets.PageRip), RegisterMap.Address);

        // A return may go back in the page, and calls and returns alone can keep a program busy for ever.
        JumpTo(context.NextOffset, narrow: false, isChecked: true);
    }

    /// <summary>Goes on at a place relative to the start of the page.</summary>
    /// <param name="isChecked">A kick is looked for there in any case.</param>
    public void JumpTo(long target, bool narrow, bool isChecked = false)
    {
        if (IsChainable(target, narrow))
        {
            _emitter.AlignDisplacement(1);
            AddChainSite(_emitter.Jump(), target, isChecked);
            return;
        }

        if (context.IsSingleStep && target is >= 0 and < 4096 && !narrow)
        {
            ExitTo(stubs.LookupOffset, (int)target);
            return;
        }

        LookUpOffset(target, narrow);
    }

    /// <summary>Goes on through the jump cache at a place relative to the start of the page.</summary>
    public void LookUpOffset(long target, bool narrow)
    {
        LoadOffset(target, narrow);
        CheckLimit();
        LookUp(popped: 0);
    }

    /// <summary>Leaves generated code with the number of a kept instruction, the current one.</summary>
    public void ExitToKept(byte* stub, int number, KeptReason reason)
    {
        _emitter.StoreImmediate32(HostOperand.Field(FieldOffsets.ExitDetail), number);
        context.NoteRelocation(RelocationKind.Kept, sizeof(int), context.Offset | ((int)reason << 12));
        _emitter.Jump(stub);
    }

    /// <summary>Leaves generated code with a page offset.</summary>
    public void ExitTo(byte* stub, int offset)
    {
        _emitter.StoreImmediate32(HostOperand.Field(FieldOffsets.ExitDetail), offset);
        _emitter.Jump(stub);
    }

    private void LoadOffset(long target, bool narrow)
    {
        _emitter.Load(RegisterMap.Address, HostOperand.Field(FieldOffsets.PageRip));
        var sum = new HostOperand(RegisterMap.Address, (int)target);
        if (context.Is64Bit)
            _emitter.Lea(RegisterMap.Address, sum);
        else
            _emitter.Lea32(RegisterMap.Address, sum);
        if (narrow)
            _emitter.ZeroExtend16(RegisterMap.Address, RegisterMap.Address);
    }

    /// <summary>Goes on at the instruction pointer in R14.</summary>
    /// <remarks>
    /// A near return with a bad target faults with the stack pointer unchanged. So what it popped is taken off once the
    /// target is found in the cache, which holds no bad ones, and by C# otherwise (see <see cref="BranchDetail"/>).
    /// </remarks>
    /// <param name="popped">Bytes to take off the stack.</param>
    private void LookUp(int popped)
    {
        if (context.IsSingleStep)
        {
            GoTo(stubs.LeaveForTarget, popped);
            return;
        }

        const int Tags = VcpuState.JumpCacheOffset - VcpuState.Bias;
        const int Codes = Tags + sizeof(ulong);
        LoadJumpIndex();
        _emitter.Load(RegisterMap.Test, new HostOperand(RegisterMap.State, RegisterMap.Addend, 1, Tags));
        _emitter.Lea(RegisterMap.Test, new HostOperand(RegisterMap.Test, RegisterMap.Address, 1, 0));
        byte* hit = _emitter.JumpIfRcxZero();
        GoTo(stubs.LookupTarget, popped);
        _emitter.BindShort(hit);
        if (popped != 0)
            stack.Drop(popped);
        _emitter.Jump(new HostOperand(RegisterMap.State, RegisterMap.Addend, 1, Codes));
    }

    /// <summary>R12 becomes the offset of the jump-cache entry for R14: see <see cref="JumpCache"/>.</summary>
    private void LoadJumpIndex()
    {
        _emitter.Rorx(RegisterMap.Addend, RegisterMap.Address, JumpCache.HashShift);
        _emitter.Lea(RegisterMap.Addend, new HostOperand(RegisterMap.Addend, RegisterMap.Address, 1, 0));
        _emitter.Load(RegisterMap.Test, HostOperand.Field(FieldOffsets.ModeSalt));
        _emitter.Lea(RegisterMap.Addend, new HostOperand(RegisterMap.Addend, RegisterMap.Test, 1, 0));
        _emitter.Pdep(RegisterMap.Addend, RegisterMap.Addend, HostOperand.Field(FieldOffsets.JumpCacheMask));
    }

    private void GoTo(byte* stub, int popped)
    {
        NoteBranch(popped);
        _emitter.Jump(stub);
    }

    private void NoteBranch(int popped) =>
        _emitter.StoreImmediate32(HostOperand.Field(FieldOffsets.ExitDetail), (int)new BranchDetail(context.Offset, popped).Value);

    /// <summary>#GP for a target in R14 that is not canonical, before anything has changed.</summary>
    private void CheckCanonical()
    {
        TestCanonical(out byte* lower, out byte* upper);
        ExitTo(stubs.BadTarget, context.Offset);
        _emitter.BindShort(lower);
        _emitter.BindShort(upper);
    }

    /// <summary>Two short jumps, to be bound, are taken when R14 is canonical: its upper 17 bits are all clear or all set.</summary>
    public void TestCanonical(out byte* lower, out byte* upper)
    {
        _emitter.Pext(RegisterMap.Test, RegisterMap.Address, HostOperand.Field(FieldOffsets.CanonicalMask));
        lower = _emitter.JumpIfRcxZero();
        _emitter.Lea(RegisterMap.Test, new HostOperand(RegisterMap.Test, -0x1FFFF));
        upper = _emitter.JumpIfRcxZero();
    }

    /// <summary>#GP for a target in R14 beyond a code segment's limit, before anything has changed.</summary>
    private void CheckLimit()
    {
        if (!IsLimited)
            return;

        // limit + not(target) + 1 is negative when the target is larger; the sign goes to all bits.
        const int SignShift = 63;
        _emitter.Not(RegisterMap.Address);
        _emitter.Load32(RegisterMap.Test, HostOperand.Field(FieldOffsets.SegmentLimit + ((int)SegmentName.CS * 4)));
        _emitter.Lea(RegisterMap.Test, new HostOperand(RegisterMap.Test, RegisterMap.Address, 1, 1));
        _emitter.Not(RegisterMap.Address);
        _emitter.LoadImmediate(RegisterMap.Addend, SignShift);
        _emitter.Sarx(RegisterMap.Test, RegisterMap.Test, RegisterMap.Addend);
        byte* within = _emitter.JumpIfRcxZero();
        ExitTo(stubs.BadTarget, context.Offset);
        _emitter.BindShort(within);
    }

    private bool IsLimited =>
        !context.Is64Bit && ((uint)context.Mode & ((uint)ModeFlags.EsChecked << (int)SegmentName.CS)) != 0;

    /// <summary>Loads the target of an indirect jump or call into R14.</summary>
    private void LoadTarget(in Instruction instruction, out int size)
    {
        if (instruction.Op0Kind == OpKind.Memory)
        {
            size = instruction.MemorySize.GetSize();
            HostOperand from = memory.Access(instruction, size, read: true, write: false);
            _emitter.Load(RegisterMap.Address, from, size);
            return;
        }

        size = instruction.Op0Register.GetSize();
        int guest = RegisterMap.GuestNumber(instruction.Op0Register);
        HostRegister host = RegisterMap.Host(guest);
        if (host == HostRegister.None)
            _emitter.Load(RegisterMap.Address, RegisterMap.Home(guest), size);
        else if (size == 2)
            _emitter.ZeroExtend16(RegisterMap.Address, host);
        else if (size == 4)
            _emitter.Move32(RegisterMap.Address, host);
        else
            _emitter.Move(RegisterMap.Address, host);
    }

    /// <summary>Jumps any distance when RCX is zero.</summary>
    private byte* JumpIfRcxZero()
    {
        byte* zero = _emitter.JumpIfRcxZero();
        byte* skip = _emitter.Jump();
        _emitter.BindShort(zero);
        byte* far = _emitter.Jump();
        HostEmitter.Bind(skip, _emitter.Position);
        return far;
    }

    private void DecrementCounter(int width)
    {
        const HostRegister Counter = HostRegister.R11;
        if (width == 8)
        {
            _emitter.Lea(Counter, new HostOperand(Counter, -1));
        }
        else if (width == 4)
        {
            _emitter.Lea32(Counter, new HostOperand(Counter, -1));
        }
        else
        {
            _emitter.Lea32(RegisterMap.Test, new HostOperand(Counter, -1));
            _emitter.Move16(Counter, RegisterMap.Test);
        }
    }

    private void LoadCounter(int width)
    {
        const HostRegister Counter = HostRegister.R11;
        if (width == 8)
            _emitter.Move(RegisterMap.Test, Counter);
        else if (width == 4)
            _emitter.Move32(RegisterMap.Test, Counter);
        else
            _emitter.ZeroExtend16(RegisterMap.Test, Counter);
    }

    private int CounterWidth(in Instruction instruction)
    {
        foreach (UsedRegister used in _infoFactory.GetInfo(instruction).GetUsedRegisters())
        {
            if (RegisterMap.GuestNumber(used.Register) == RegisterMap.GuestRcx)
                return used.Register.GetSize();
        }

        return 8;
    }

    private bool IsChainable(long target, bool narrow)
    {
        // A 16-bit jump in 32-bit code cuts EIP, so its target need not be in this page.
        bool cut = narrow && (context.Mode & ModeFlags.Code32) != 0;
        return !context.IsSingleStep && !cut && target is >= 0 and < 4096;
    }

    private void AddChainSite(byte* jump, long target, bool isChecked = false) => context.AddChainSite(new ChainSite
    {
        Jump = jump,
        TargetOffset = (int)target,
        IsChecked = isChecked || target <= context.Offset || context.FollowsSetInterrupt,
    });

    private static bool Narrow(in Instruction instruction) => instruction.Op0Kind == OpKind.NearBranch16;

    /// <summary>The target relative to the start of the page: the decoder runs with the page's first byte at 0.</summary>
    private static long Target(in Instruction instruction) => instruction.Op0Kind switch
    {
        OpKind.NearBranch16 => (short)instruction.NearBranch16,
        OpKind.NearBranch32 => (int)instruction.NearBranch32,
        _ => (long)instruction.NearBranch64,
    };
}
