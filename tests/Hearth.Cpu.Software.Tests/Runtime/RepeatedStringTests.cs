using Hearth.Machine;
using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace Hearth.Cpu.Software.Tests.Runtime;

/// <summary>REP MOVS and REP STOS: as element by element, and precise where they stop, whether machine code or the interpreter does it.</summary>
public sealed unsafe class RepeatedStringTests : IDisposable
{
    private const ulong Source = CodeMachine.Data;
    private const ulong Destination = CodeMachine.Data + 0x8000;
    private const ulong Alias = 0x50_0000;
    private const ulong Function = CodeMachine.Code + 0x3000;
    private const ulong Hole = CodeMachine.Data + 0x1_0000;
    private const int AreaLength = 0x8000;
    private const int CarryAndSign = 0x83;
    private const int ZeroAndOverflow = 0x842;
    private const byte AddressSize = 0x67;

    private readonly CodeMachine _machine = new();

    public void Dispose() => _machine.Dispose();

    public static TheoryData<int, ulong, ulong, ulong> Shapes
    {
        get
        {
            var data = new TheoryData<int, ulong, ulong, ulong>();
            foreach (int size in new[] { 1, 2, 4, 8 })
            {
                foreach (ulong count in new ulong[] { 0, 1, 7, 600, 2000 })
                {
                    data.Add(size, count, 0, 0);
                    data.Add(size, count, 0xFF3, 0x801);
                    data.Add(size, count, 0x10, 0xFF0);
                }
            }

            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Shapes))]
    public void Move_copies_the_elements_and_keeps_the_rest(int size, ulong count, ulong from, ulong to)
    {
        Assemble(Move(size));
        byte[] expected = AfterMove(Source + from, Destination + to, (int)count * size, size);

        for (int round = 0; round < 3; round++)
        {
            Run(Source + from, Destination + to, count);

            AssertEnd(Source + from + (count * (ulong)size), Destination + to + (count * (ulong)size), count: 0);
            Assert.Equal(expected, Area());
        }
    }

    [Theory]
    [MemberData(nameof(Shapes))]
    public void Store_fills_the_elements_and_keeps_the_rest(int size, ulong count, ulong from, ulong to)
    {
        _ = from;
        Assemble(Store(size));
        byte[] expected = AfterStore(Destination + to, (int)count * size, size);

        for (int round = 0; round < 3; round++)
        {
            Run(Source, Destination + to, count);

            AssertEnd(Source, Destination + to + (count * (ulong)size), count: 0);
            Assert.Equal(expected, Area());
        }
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(1, 3)]
    [InlineData(1, -1)]
    [InlineData(2, 1)]
    [InlineData(4, 4)]
    [InlineData(8, 3)]
    [InlineData(8, 8)]
    [InlineData(8, -8)]
    [InlineData(8, 0)]
    [InlineData(8, 0x1000)]
    public void Overlapping_areas_are_copied_one_element_after_the_other(int size, int distance)
    {
        ulong to = Source + 0x1000 + (ulong)distance;
        Assemble(Move(size));
        byte[] expected = AfterMove(Source + 0x1000, to, 1000 * size, size);

        for (int round = 0; round < 2; round++)
        {
            Run(Source + 0x1000, to, 1000);

            Assert.Equal(expected, Area());
        }
    }

    [Fact]
    public void One_page_under_two_addresses_overlaps_with_itself()
    {
        for (ulong page = 0; page < 0x4000; page += 0x1000)
            _machine.Map(Alias + page, Source + page);
        Assemble(Move(1));
        byte[] expected = AfterMove(Source, Source + 1, 9000, 1);

        for (int round = 0; round < 2; round++)
        {
            Run(Source, Alias + 1, 9000);

            Assert.Equal(expected, Area());
        }
    }

    [Fact]
    public void Repetitions_on_known_pages_never_reach_the_interpreter()
    {
        Assemble(a => { Move(8)(a); a.mov(ecx, 300); Store(4)(a); });
        Run(Source, Destination, 1024);
        string before = Interpreted();

        Run(Source, Destination, 1024);

        Assert.Equal(before, Interpreted());
    }

    [Fact]
    public void A_count_of_zero_touches_nothing_and_keeps_a_wide_counter()
    {
        Assemble(a => { a.db(AddressSize); Move(8)(a); });

        Run(Hole, Hole, 0x1_0000_0000);

        AssertEnd(Hole, Hole, 0x1_0000_0000);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(8)]
    public void Descending_addresses_are_copied_downwards(int size)
    {
        Assemble(a => { a.std(); Move(size)(a); a.cld(); });
        byte[] expected = AfterMove(Source, Destination, 1000 * size, size);
        ulong last = 999 * (ulong)size;

        for (int round = 0; round < 2; round++)
        {
            Run(Source + last, Destination + last, 1000);

            AssertEnd(Source - (ulong)size, Destination - (ulong)size, count: 0);
            Assert.Equal(expected, Area());
        }
    }

    [Fact]
    public void Narrow_addresses_count_their_low_half()
    {
        Assemble(a => { a.db(AddressSize); Store(8)(a); });
        byte[] expected = AfterStore(Destination, 80, 8);

        Run(Source, 0x7_0000_0000 + Destination, 0x9_0000_000A);

        AssertEnd(Source, Destination + 80, count: 0);
        Assert.Equal(expected, Area());
    }

    [Fact]
    public void A_source_in_gs_is_read_there()
    {
        _machine.State->SegmentBase[(int)SegmentName.GS] = 0x2000;
        Assemble(a => { a.db(0x65); Move(2)(a); });
        byte[] expected = AfterMove(Source + 0x2000, Destination, 2000, 2);

        Run(Source, Destination, 1000);

        AssertEnd(Source + 2000, Destination + 2000, count: 0);
        Assert.Equal(expected, Area());
    }

    [Fact]
    public void A_store_to_a_device_makes_one_access_an_element()
    {
        Assemble(Store(4));

        Run(Source, CodeMachine.Device + 0x10, 5);

        AssertEnd(Source, CodeMachine.Device + 0x24, count: 0);
        Assert.Equal([-4, -4, -4, -4, -4], _machine.Bus.Accesses);
    }

    [Fact]
    public void A_copy_runs_from_memory_into_a_device()
    {
        Prepare(0);
        _machine.Map(CodeMachine.Device - 0x1000, Destination);
        Assemble(Move(8));

        for (int round = 0; round < 2; round++)
        {
            Run(Source, CodeMachine.Device - 24, 5);

            AssertEnd(Source + 40, CodeMachine.Device + 16, count: 0);
            Assert.Equal(Bytes(Source + 24, 16), _machine.Bus.Registers[..16]);
        }

        Assert.Equal([-8, -8, -8, -8], _machine.Bus.Accesses);
    }

    [Fact]
    public void A_copy_over_a_function_is_seen_by_the_next_call()
    {
        byte[] code = CodeMachine.Bytes(Function, a => { a.mov(ebx, 0x4242); a.ret(); });
        _machine.Assemble(Function, a => { a.mov(ebx, 7); a.ret(); });
        Assert.True(_machine.Ram.TryWrite(new GuestAddress(Source), code));

        _machine.Run(a =>
        {
            a.mov(r9, Function);
            a.call(r9);
            a.mov(esi, (uint)Source);
            a.mov(edi, (uint)Function);
            a.mov(ecx, (uint)code.Length);
            a.rep.movsb();
            a.call(r9);
            a.@out(TestBus.StopPort, al);
        });

        Assert.Equal(0x4242UL, _machine.State->Gpr[3]);
    }

    [Fact]
    public void A_fill_over_the_next_instructions_takes_effect_at_once()
    {
        _machine.Run(a =>
        {
            Label patched = a.CreateLabel();
            a.xor(ebx, ebx);
            a.lea(rdi, __[patched]);
            a.mov(al, 0x90);
            a.mov(ecx, 4);
            a.rep.stosb();
            a.Label(ref patched);
            a.inc(ebx);
            a.inc(ebx);
            a.@out(TestBus.StopPort, al);
        });

        Assert.Equal(0UL, _machine.State->Gpr[3]);
    }

    [Theory]
    [InlineData(0, 1)]
    [InlineData(3, 8)]
    [InlineData(0x1800, 4)]
    public void A_destination_that_ends_stops_there_with_the_rest_to_do(ulong before, int size)
    {
        ulong elements = before / (ulong)size;
        _machine.Entry(Hole) = 0;
        Assemble(Move(size));

        for (int round = 0; round < 2; round++)
        {
            Run(Source, Hole - before, 4000);

            AssertFault(error: 2, Hole, Source + (elements * (ulong)size), Hole - before + (elements * (ulong)size), 4000 - elements);
        }
    }

    [Fact]
    public void A_source_that_ends_stops_there_with_the_rest_to_do()
    {
        _machine.Entry(Hole) = 0;
        Assemble(Move(8));

        for (int round = 0; round < 2; round++)
        {
            Run(Hole - 0x1008, Destination, 4000);

            AssertFault(error: 0, Hole, Hole, Destination + 0x1008, 4000 - 0x201);
        }
    }

    [Fact]
    public void A_destination_that_becomes_read_only_stops_there()
    {
        _machine.Map(Hole, Hole, CodeMachine.Present);
        Assemble(Store(1));

        for (int round = 0; round < 2; round++)
        {
            Run(Source, Hole - 100, 300);

            AssertFault(error: 3, Hole, Source, Hole, 200);
        }
    }

    [Fact]
    public void Interrupts_arrive_in_the_middle_and_the_rest_is_done_after_them()
    {
        const int Vector = 0x40;
        const int Wanted = 20;
        const ulong Handler = CodeMachine.Code + 0x2000;

        // No page here takes the place of another in the soft TLB: machine code does all of it.
        const ulong Count = 0x4_0000;
        const ulong From = 0x62_0000;
        const ulong Results = CodeMachine.Data;
        _machine.SetHandler(Vector, Handler);

        // Counts interrupts that find the copy under way and those whose registers do not fit each other.
        _machine.Assemble(Handler, a =>
        {
            Label done = a.CreateLabel();
            Label bad = a.CreateLabel();
            a.cmp(__[rsp], r8);
            a.jne(done);
            a.cmp(rcx, 0);
            a.je(done);
            a.cmp(rcx, (int)Count);
            a.je(done);
            a.inc(__qword_ptr[Results]);
            a.lea(rax, __[rdi + rcx]);
            a.lea(rdx, __[rsi + rcx + (int)Count]);
            a.cmp(rax, rdx);
            a.jne(bad);
            a.cmp(rax, (int)(From + (2 * Count)));
            a.je(done);
            a.Label(ref bad);
            a.inc(__qword_ptr[Results + 8]);
            a.Label(ref done);
            a.iretq();
        });
        var sender = new Thread(() =>
        {
            long start = Environment.TickCount64;
            while (Volatile.Read(ref _machine.At<ulong>(Results)) < Wanted && Environment.TickCount64 - start < 10_000)
            {
                _machine.Apic.Raise(Vector);
                Thread.Sleep(1);
            }

            _machine.Vcpu.Kick();
        })
        { IsBackground = true };

        sender.Start();
        _machine.Run(a =>
        {
            Label loop = a.CreateLabel();
            Label copy = a.CreateLabel();
            a.sti();
            a.nop();
            a.lea(r8, __[copy]);
            a.Label(ref loop);
            a.mov(esi, (uint)From);
            a.mov(edi, (uint)(From + Count));
            a.mov(ecx, (uint)Count);
            a.Label(ref copy);
            a.rep.movsb();
            a.jmp(loop);
        });
        sender.Join();

        Assert.InRange(_machine.At<ulong>(Results), (ulong)Wanted, ulong.MaxValue);
        Assert.Equal(0UL, _machine.At<ulong>(Results + 8));
    }

    private static Action<Assembler> Move(int size) => a => _ = size switch
    {
        1 => Do(() => a.rep.movsb()),
        2 => Do(() => a.rep.movsw()),
        4 => Do(() => a.rep.movsd()),
        _ => Do(() => a.rep.movsq()),
    };

    private static Action<Assembler> Store(int size) => a => _ = size switch
    {
        1 => Do(() => a.rep.stosb()),
        2 => Do(() => a.rep.stosw()),
        4 => Do(() => a.rep.stosd()),
        _ => Do(() => a.rep.stosq()),
    };

    private static bool Do(Action action)
    {
        action();
        return true;
    }

    /// <summary>The instruction under two sets of flags; R9 and R10 receive what is left of them.</summary>
    private void Assemble(Action<Assembler> body) => _machine.Assemble(CodeMachine.Code, a =>
    {
        a.push(CarryAndSign);
        a.popfq();
        body(a);
        a.pushfq();
        a.pop(r9);
        a.push(ZeroAndOverflow);
        a.popfq();
        a.mov(r12, rcx);
        a.mov(ecx, 0);
        body(a);
        a.pushfq();
        a.pop(r10);
        a.mov(rcx, r12);
        a.@out(TestBus.StopPort, al);
    });

    private void Run(ulong from, ulong to, ulong count)
    {
        Prepare(0xC0DE_0123_4567_89AB);
        VcpuState* state = _machine.State;
        (state->Gpr[6], state->Gpr[7], state->Gpr[1]) = (from, to, count);
        state->Gpr[4] = CodeMachine.StackOf(0);
        _machine.Run();
    }

    private void Prepare(ulong accumulator)
    {
        _machine.State->Gpr[0] = accumulator;
        new Random(1).NextBytes(new Span<byte>(_machine.Ram.HostAddress(Source), 2 * AreaLength));
    }

    private void AssertEnd(ulong from, ulong to, ulong count)
    {
        VcpuState* state = _machine.State;
        Assert.Equal((from, to, count, 0xC0DE_0123_4567_89ABUL), (state->Gpr[6], state->Gpr[7], state->Gpr[1], state->Gpr[0]));
        Assert.Equal((CarryAndSign, ZeroAndOverflow), ((int)state->Gpr[9] & 0xCD7, (int)state->Gpr[10] & 0xCD7));
    }

    private void AssertFault(uint error, ulong address, ulong from, ulong to, ulong count)
    {
        VcpuState* state = _machine.State;
        ExceptionFrame frame = _machine.Caught(14);
        int prologue = CodeMachine.Bytes(CodeMachine.Code, a => { a.push(CarryAndSign); a.popfq(); }).Length;
        Assert.Equal((CodeMachine.Code + (ulong)prologue, error, address), (frame.Rip, frame.Error, state->Cr2));
        Assert.Equal((from, to, count), (state->Gpr[6], state->Gpr[7], state->Gpr[1]));
        Assert.Equal(CarryAndSign, (int)frame.Rflags & 0xCD7);
    }

    private byte[] AfterMove(ulong from, ulong to, int length, int size)
    {
        Prepare(0);
        byte[] area = Area();
        for (int done = 0; done < length; done += size)
        {
            byte[] element = area[(int)(from - Source + (ulong)done)..][..size];
            element.CopyTo(area.AsSpan((int)(to - Source) + done));
        }

        return area;
    }

    private byte[] AfterStore(ulong to, int length, int size)
    {
        Prepare(0);
        byte[] area = Area();
        byte[] element = BitConverter.GetBytes(0xC0DE_0123_4567_89ABUL)[..size];
        for (int done = 0; done < length; done += size)
            element.CopyTo(area.AsSpan((int)(to - Source) + done));
        return area;
    }

    private byte[] Area() => Bytes(Source, 2 * AreaLength);

    private byte[] Bytes(ulong physical, int length) => new ReadOnlySpan<byte>(_machine.Ram.HostAddress(physical), length).ToArray();

    private string Interpreted() => string.Join(' ', _machine.Vcpu.Counters.Describe().Where(statistic =>
        statistic.ToString().Contains("MOVS", StringComparison.Ordinal) || statistic.ToString().Contains("STOS", StringComparison.Ordinal)));
}
