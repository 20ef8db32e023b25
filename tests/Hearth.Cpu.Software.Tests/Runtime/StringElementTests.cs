using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace Hearth.Cpu.Software.Tests.Runtime;

/// <summary>MOVS, STOS, LODS, SCAS and CMPS without a prefix.</summary>
public sealed unsafe class StringElementTests : IDisposable
{
    private const ulong Source = CodeMachine.Data;
    private const ulong Destination = CodeMachine.Data + 0x8000;
    private const ulong Hole = CodeMachine.Data + 0x1_0000;
    private const ulong Accumulator = 0x8899_AABB_CCDD_EEFF;
    private const ulong Element = 0x0102_0304_8506_8788;
    private const uint Read = 0;
    private const uint Write = 2;

    private static readonly Dictionary<string, (Action<Assembler> Emit, int Size)> s_forms = new()
    {
        ["movsb"] = (a => a.movsb(), 1),
        ["movsw"] = (a => a.movsw(), 2),
        ["movsd"] = (a => a.movsd(), 4),
        ["movsq"] = (a => a.movsq(), 8),
        ["stosb"] = (a => a.stosb(), 1),
        ["stosw"] = (a => a.stosw(), 2),
        ["stosd"] = (a => a.stosd(), 4),
        ["stosq"] = (a => a.stosq(), 8),
        ["lodsb"] = (a => a.lodsb(), 1),
        ["lodsw"] = (a => a.lodsw(), 2),
        ["lodsd"] = (a => a.lodsd(), 4),
        ["lodsq"] = (a => a.lodsq(), 8),
        ["scasb"] = (a => a.scasb(), 1),
        ["scasw"] = (a => a.scasw(), 2),
        ["scasd"] = (a => a.scasd(), 4),
        ["scasq"] = (a => a.scasq(), 8),
        ["cmpsb"] = (a => a.cmpsb(), 1),
        ["cmpsw"] = (a => a.cmpsw(), 2),
        ["cmpsd"] = (a => a.cmpsd(), 4),
        ["cmpsq"] = (a => a.cmpsq(), 8),
    };

    private readonly CodeMachine _machine = new();

    public void Dispose() => _machine.Dispose();

    public static TheoryData<string> Forms => [.. s_forms.Keys];

    [Theory]
    [MemberData(nameof(Forms))]
    public void Translated_and_interpreted_forms_do_the_same(string form)
    {
        string translated = RunForm(form, a => s_forms[form].Emit(a), Source + 3, Destination + 5);
        string narrow = RunForm(form, a => { a.db(0x67); s_forms[form].Emit(a); }, Source + 3, Destination + 5);
        string interpreted = RunForm(form, Interpreted(form), Source + 3, Destination + 5);

        Assert.Equal(interpreted, translated);
        Assert.Equal(interpreted, narrow);
    }

    [Theory]
    [MemberData(nameof(Forms))]
    public void Elements_across_a_page_boundary_are_whole(string form)
    {
        string translated = RunForm(form, a => s_forms[form].Emit(a), Source + 0xFFF, Destination + 0xFFF);
        string interpreted = RunForm(form, Interpreted(form), Source + 0xFFF, Destination + 0xFFF);

        Assert.Equal(interpreted, translated);
    }

    [Theory]
    [MemberData(nameof(Forms))]
    public void Descending_addresses_go_down_by_the_size(string form)
    {
        string translated = RunForm(form, a => { a.std(); s_forms[form].Emit(a); a.cld(); }, Source + 64, Destination + 64);
        string interpreted = RunForm(form, a => { a.std(); Interpreted(form)(a); a.cld(); }, Source + 64, Destination + 64);

        Assert.Equal(interpreted, translated);
    }

    [Fact]
    public void Elements_in_known_pages_never_reach_the_interpreter()
    {
        _machine.State->Gpr[6] = Source;
        _machine.State->Gpr[7] = Destination;

        _machine.Run(a =>
        {
            foreach ((Action<Assembler> emit, _) in s_forms.Values)
                emit(a);
            a.@out(TestBus.StopPort, al);
        });

        Assert.All(_machine.Vcpu.Counters.Describe(), statistic => Assert.DoesNotMatch("(MOVS|STOS|LODS|SCAS|CMPS)[BWDQ]", statistic.ToString()));
    }

    [Theory]
    [InlineData("movsq", Hole, Destination, Read)]
    [InlineData("movsd", Source, Hole, Write)]
    [InlineData("stosw", Source, Hole, Write)]
    [InlineData("lodsb", Hole, Destination, Read)]
    [InlineData("scasq", Source, Hole, Read)]
    [InlineData("cmpsb", Hole, Destination, Read)]
    [InlineData("cmpsd", Source, Hole, Read)]
    public void A_page_that_is_not_there_changes_nothing(string form, ulong from, ulong to, uint error)
    {
        _machine.Entry(Hole) = 0;

        string after = RunForm(form, a => s_forms[form].Emit(a), from, to);

        ExceptionFrame frame = _machine.Caught(14);
        Assert.Equal((error, Hole), (frame.Error, _machine.State->Cr2));
        Assert.StartsWith($"{Accumulator:x} {from:x} {to:x} ", after, StringComparison.Ordinal);
        Assert.Equal(0x45UL, frame.Rflags & 0x8D5);
    }

    [Fact]
    public void A_copy_between_devices_reads_and_writes_once()
    {
        _machine.Bus.Registers[0x20] = 0x5A;

        RunForm("movsd", a => a.movsd(), CodeMachine.Device + 0x20, CodeMachine.Device + 0x30);

        Assert.Equal([4, -4], _machine.Bus.Accesses);
        Assert.Equal(0x5A, _machine.Bus.Registers[0x30]);
    }

    [Fact]
    public void A_load_in_gs_is_relative_to_its_base()
    {
        _machine.State->SegmentBase[(int)SegmentName.GS] = 0x2000;

        RunForm("lodsq", a => { a.db(0x65); a.lodsq(); }, Source - 0x2000, Destination);

        Assert.Equal(Element, _machine.State->Gpr[0]);
    }

    [Fact]
    public void A_store_over_the_next_instruction_takes_effect_at_once()
    {
        _machine.State->Gpr[3] = 0;
        _machine.Run(a =>
        {
            Label patched = a.CreateLabel();
            a.lea(rdi, __[patched]);
            a.mov(eax, 0x9090);
            a.stosw();
            a.Label(ref patched);
            a.inc(ebx);
            a.@out(TestBus.StopPort, al);
        });

        Assert.Equal(0UL, _machine.State->Gpr[3]);
    }

    /// <summary>A repetition of one with 32-bit addresses, which is the interpreter's business.</summary>
    private static Action<Assembler> Interpreted(string form) => a =>
    {
        a.db(0xF2, 0x67);
        s_forms[form].Emit(a);
    };

    /// <summary>Runs a form with CF, ZF and PF set and tells all it may have changed.</summary>
    private string RunForm(string form, Action<Assembler> body, ulong from, ulong to)
    {
        VcpuState* state = _machine.State;
        int size = s_forms[form].Size;
        (state->Gpr[0], state->Gpr[1], state->Gpr[6], state->Gpr[7]) = (Accumulator, 1, from, to);
        state->Gpr[4] = CodeMachine.StackOf(0);
        new Span<byte>(_machine.Ram.HostAddress(Source), 0x1_0000).Fill(0x33);
        *(ulong*)_machine.Ram.HostAddress(Source + (from & 0xFFF)) = Element;
        *(ulong*)_machine.Ram.HostAddress(Destination + (to & 0xFFF)) = Element ^ 1;
        _machine.Run(a =>
        {
            a.cmp(ebx, ebx);
            a.stc();
            body(a);
            a.mov(ecx, 0);
            a.@out(TestBus.StopPort, al);
        });
        string memory = Convert.ToHexString(new ReadOnlySpan<byte>(_machine.Ram.HostAddress(Destination), 0x1010));
        return $"{state->Gpr[0]:x} {state->Gpr[6]:x} {state->Gpr[7]:x} {state->ArithmeticFlags:x} {size} {memory}";
    }
}
