using Hearth.Machine;
using Hearth.Testing;
using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace Hearth.Cpu.Kvm.Tests.Engine;

/// <summary>Every engine tells every page of RAM that is written, however it is written.</summary>
public sealed class DirtyContractTests
{
    private const ulong Page = PageSet.PageSize;

    /// <summary>Where the pages begin that tests write; nothing else does.</summary>
    private const ulong Start = 0x10_0000;

    /// <summary>In RAM as the others, and written by nobody.</summary>
    private const ulong Untouched = 0x1F_0000;

    /// <summary>The directory of the addresses where <see cref="GuestBus.Register"/> is: an access there sets bits in it, the first one at least.</summary>
    private const ulong DirectoryOfDevices = 0x6000;

    // RBX is the page to write; what lies in it may be anything.
    private static readonly Dictionary<string, Action<Assembler>> s_ways = new()
    {
        ["byte"] = a => a.mov(__byte_ptr[rbx], al),
        ["quadword"] = a => a.mov(__qword_ptr[rbx + 0xFF8], rax),
        ["from the page before"] = a => a.mov(__qword_ptr[rbx - 4], rax),
        ["vector"] = a => a.movups(__xmmword_ptr[rbx + 0x11], xmm0),
        ["read, modify, write"] = a => a.inc(__dword_ptr[rbx]),
        ["LOCK"] = a => a.@lock.xadd(__qword_ptr[rbx], rax),
        ["exchange"] = a => a.xchg(__[rbx], eax),
        ["bit of a long string"] = a =>
        {
            a.lea(rsi, __[rbx - 0x1000]);
            a.mov(eax, 0x1000 * 8);
            a.bts(__qword_ptr[rsi], rax);
        },
        ["CMPXCHG16B"] = a => a.@lock.cmpxchg16b(__xmmword_ptr[rbx]),
        ["compare that fails"] = a =>
        {
            a.mov(eax, 0x1234);
            a.cmpxchg(__[rbx], ecx);
        },
        ["string store"] = a =>
        {
            a.mov(rdi, rbx);
            a.mov(ecx, 64);
            a.rep.stosq();
        },
        ["string move"] = a =>
        {
            a.mov(rsi, EngineMachine.Data);
            a.mov(rdi, rbx);
            a.mov(ecx, 100);
            a.rep.movsb();
        },
        ["string input"] = a =>
        {
            a.mov(rdi, rbx);
            a.mov(edx, GuestBus.Port);
            a.mov(ecx, 8);
            a.rep.insb();
        },
        ["FXSAVE"] = a => a.fxsave(__[rbx]),
        ["push"] = a =>
        {
            a.lea(rsp, __[rbx + 0x800]);
            a.push(rax);
        },
        ["call"] = a =>
        {
            Label next = a.CreateLabel();
            a.lea(rsp, __[rbx + 0x800]);
            a.call(next);
            a.Label(ref next);
            a.nop();
        },
        ["stack of an interrupt"] = a =>
        {
            a.lea(rsp, __[rbx + 0x800]);
            a.@int(0x30);
        },
        ["descriptor table"] = a => a.sgdt(__[rbx]),
        ["paravirtual clock"] = a =>
        {
            a.lea(rax, __[rbx + 1]);
            a.xor(edx, edx);
            a.mov(ecx, Msr.KvmSystemTime);
            a.wrmsr();
        },
        ["wall clock"] = a =>
        {
            a.mov(rax, rbx);
            a.xor(edx, edx);
            a.mov(ecx, Msr.KvmWallClock);
            a.wrmsr();
        },
    };

    [Theory]
    [InlineData(EngineKind.Software)]
    [InlineData(EngineKind.Kvm)]
    public void Page_written_in_any_way_is_told_each_time(EngineKind kind)
    {
        using var machine = new EngineMachine(kind);
        Place(machine, s_ways.Values);
        machine.Continue();
        using IDirtyTracker tracker = machine.Engine.TrackWrites();

        PageSet before = Collect(machine, tracker);
        machine.Continue();
        PageSet first = Collect(machine, tracker);
        PageSet between = Collect(machine, tracker);
        machine.Continue();
        PageSet second = Collect(machine, tracker);

        Assert.Equal(([], []), (ToldWays(before), ToldWays(between)));
        Assert.Equal(s_ways.Keys, ToldWays(first));
        Assert.Equal(s_ways.Keys, ToldWays(second));
        Assert.False(first.Contains(PageOf(Untouched)) || second.Contains(PageOf(Untouched)));
    }

    [Theory]
    [InlineData(EngineKind.Software)]
    [InlineData(EngineKind.Kvm)]
    public void Accessed_bit_in_a_page_table_is_told(EngineKind kind)
    {
        using var machine = new EngineMachine(kind);
        machine.Assemble(a =>
        {
            a.mov(rax, 0xC000_0000 + 0x40_0000);
            a.mov(eax, __dword_ptr[rax]);
            EngineMachine.Stop(a);
        });
        machine.Start(0);
        using IDirtyTracker tracker = machine.Engine.TrackWrites();

        machine.Continue();

        Assert.True(Collect(machine, tracker).Contains(PageOf(DirectoryOfDevices)));
    }

    [Theory]
    [InlineData(EngineKind.Software)]
    [InlineData(EngineKind.Kvm)]
    public void Page_written_by_a_device_is_told_each_time(EngineKind kind)
    {
        using var machine = new EngineMachine(kind);
        using IDirtyTracker tracker = machine.Engine.TrackWrites();

        for (int round = 0; round < 2; round++)
        {
            machine.Ram.TryWrite(new GuestAddress(Start + Page - 1), [1, 2]);
            PageSet told = Collect(machine, tracker);
            PageSet later = Collect(machine, tracker);

            Assert.Equal((true, true, 2L), (told.Contains(PageOf(Start)), told.Contains(PageOf(Start) + 1), told.Count));
            Assert.Equal(0, later.Count);
        }
    }

    [Theory]
    [InlineData(EngineKind.Software)]
    [InlineData(EngineKind.Kvm)]
    public void Tracking_that_begins_anew_tells_nothing_from_before(EngineKind kind)
    {
        using var machine = new EngineMachine(kind);
        Place(machine, [a => a.mov(__qword_ptr[rbx], rax)]);
        using (machine.Engine.TrackWrites())
            machine.Continue();
        machine.Continue();

        using IDirtyTracker tracker = machine.Engine.TrackWrites();

        Assert.Equal(0, Collect(machine, tracker).Count);
        machine.Continue();
        Assert.True(Collect(machine, tracker).Contains(PageOf(Start)));
    }

    [Theory]
    [InlineData(EngineKind.Software)]
    [InlineData(EngineKind.Kvm)]
    public void Tracker_keeps_what_is_in_the_set_and_there_is_only_one(EngineKind kind)
    {
        using var machine = new EngineMachine(kind);
        using IDirtyTracker tracker = machine.Engine.TrackWrites();
        PageSet pages = machine.Ram.NewPageSet();
        pages.Add(PageOf(Untouched));
        machine.Ram.TryWrite(new GuestAddress(Start), [1]);

        tracker.Collect(pages);

        Assert.Equal((true, true), (pages.Contains(PageOf(Untouched)), pages.Contains(PageOf(Start))));
        Assert.Throws<InvalidOperationException>(machine.Engine.TrackWrites);
    }

    [Theory]
    [InlineData(EngineKind.Software)]
    [InlineData(EngineKind.Kvm)]
    public void Collect_allocates_nothing(EngineKind kind)
    {
        using var machine = new EngineMachine(kind);
        using IDirtyTracker tracker = machine.Engine.TrackWrites();
        PageSet pages = machine.Ram.NewPageSet();

        long allocated = Allocations.Of(() => tracker.Collect(pages), () => machine.Ram.TryWrite(new GuestAddress(Start), [1]));

        Assert.Equal(0, allocated);
    }

    [Theory]
    [InlineData(EngineKind.Software)]
    [InlineData(EngineKind.Kvm)]
    public void Collect_does_not_wait_for_a_vcpu_that_halts(EngineKind kind)
    {
        using var machine = new EngineMachine(kind);
        machine.Assemble(a =>
        {
            Label again = a.CreateLabel();
            a.cli();
            a.Label(ref again);
            a.hlt();
            a.jmp(again);
        });
        machine.Start(0);
        using IDirtyTracker tracker = machine.Engine.TrackWrites();
        using var running = new RunningVcpus(machine);

        var collect = new Thread(() => Collect(machine, tracker)) { IsBackground = true };
        collect.Start();

        Assert.True(collect.Join(TimeSpan.FromSeconds(30)));
    }

    /// <summary>The property that everything else is for. Each vCPU writes a page a while before it turns to another one, so that what is missed stays missed.</summary>
    [Theory]
    [InlineData(EngineKind.Software, 1)]
    [InlineData(EngineKind.Software, 2)]
    [InlineData(EngineKind.Kvm, 1)]
    [InlineData(EngineKind.Kvm, 2)]
    public void Copy_of_what_was_told_while_the_guest_ran_is_its_memory_in_the_end(EngineKind kind, int vcpus)
    {
        using var machine = new EngineMachine(kind, vcpus);
        for (int index = 0; index < vcpus; index++)
        {
            int own = index;
            machine.Assemble(a => Hammer(a, own), EngineMachine.Code + ((ulong)index * 0x1000));
            machine.Start(index, EngineMachine.Code + ((ulong)index * 0x1000));
        }

        using IDirtyTracker tracker = machine.Engine.TrackWrites();
        using var copy = new MemoryCopy(machine.Ram);
        for (int stop = 0; stop < 4; stop++)
        {
            long told = 0;
            using (new RunningVcpus(machine))
            {
                for (int round = 0; round < 40; round++)
                {
                    told += copy.Update(tracker);
                    Thread.Sleep(1);
                }
            }

            copy.Update(tracker);

            Assert.Equal([], copy.PagesThatDiffer());
            Assert.True(told > 0, "the guest wrote nothing while it ran");
        }
    }

    /// <summary>An endless program that writes 64 pages, one after the other in no order, each in four ways and many times.</summary>
    private static void Hammer(Assembler a, int index)
    {
        const int Times = 3000;
        Label next = a.CreateLabel();
        Label again = a.CreateLabel();
        a.mov(r8, 12345 + index);
        a.mov(r10, 6364136223846793005);
        a.Label(ref next);
        a.imul(r8, r10);
        a.add(r8, 1442695);
        a.mov(rbx, r8);
        a.shr(rbx, 40);
        a.and(ebx, 63);
        a.shl(rbx, 12);
        a.lea(rbx, __[rbx + (int)Start + (index * 0x400)]);
        a.mov(r9d, Times);
        a.Label(ref again);
        a.inc(r11);
        a.mov(__qword_ptr[rbx], r11);
        a.@lock.add(__qword_ptr[rbx + 8], r11);
        a.lea(rsp, __[rbx + 0x100]);
        a.push(r11);
        a.mov(rax, r11);
        a.lea(rdi, __[rbx + 0x200]);
        a.mov(ecx, 4);
        a.rep.stosq();
        a.dec(r9d);
        a.jnz(again);
        a.jmp(next);
    }

    /// <summary>Has a program ready that writes a page from <see cref="Start"/> on in each way and stops, again and again. Between two such pages is one that is not written.</summary>
    private static void Place(EngineMachine machine, IEnumerable<Action<Assembler>> ways)
    {
        machine.Assemble(a =>
        {
            Label again = a.CreateLabel();
            a.Label(ref again);
            a.cld();
            foreach ((int index, Action<Assembler> way) in ways.Index())
            {
                a.mov(rbx, Start + (ulong)index * 2 * Page);
                way(a);
            }

            EngineMachine.Stop(a);
            a.jmp(again);
        });
        machine.Start(0);
    }

    private static string[] ToldWays(PageSet pages) => [.. s_ways.Keys.Where((_, index) => pages.Contains(PageOf(Start) + (index * 2)))];

    private static PageSet Collect(EngineMachine machine, IDirtyTracker tracker)
    {
        PageSet pages = machine.Ram.NewPageSet();
        tracker.Collect(pages);
        return pages;
    }

    private static long PageOf(ulong address) => (long)(address / Page);
}
