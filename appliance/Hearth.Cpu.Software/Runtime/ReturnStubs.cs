using Iced.Intel;
using static Hearth.Cpu.Software.StubAssembler;
using static Iced.Intel.AssemblerRegisters;

namespace Hearth.Cpu.Software;

/// <summary>Where returns go on that the return stack does not predict (<see cref="ReturnStack"/>).</summary>
internal static unsafe class ReturnStubs
{
    /// <summary>Emits what is jumped to with the target of a return in R14, the bytes it popped taken off RSP already.</summary>
    /// <param name="lookUp">The stub for jump-cache misses.</param>
    public static byte* EmitMismatch(HostEmitter emitter, byte* lookUp)
    {
        var stub = new StubAssembler();
        Assembler a = stub.Code;
        Label hit = a.CreateLabel();
        stub.ProbeJumpCache(first: true, hit);

        // A return to a bad target faults with the stack as it was before it.
        stub.LoadPopped();
        a.not(rcx);
        a.lea(r13, __[r13 + rcx + 1]);
        a.jmp((ulong)lookUp);
        a.Label(ref hit);
        stub.JumpToProbed(first: true);
        return stub.Place(emitter);
    }

    /// <summary>Emits what the lowest frame of a return stack returns to: it stays there.</summary>
    public static byte* EmitBottom(HostEmitter emitter, byte* mismatch)
    {
        byte* start = emitter.Position;
        emitter.Lea(HostRegister.Rsp, new HostOperand(HostRegister.Rsp, -sizeof(ulong)));
        emitter.Jump(mismatch);
        return start;
    }

    /// <summary>Forgets all frames.</summary>
    public static void EmitForget(Assembler a)
    {
        a.mov(rsp, Field(FieldOffsets.ReturnTop));
        a.lea(rcx, __[rsp + ReturnStack.Distance]);
        a.mov(Field(FieldOffsets.OtherReturnStack), rcx);
    }
}
