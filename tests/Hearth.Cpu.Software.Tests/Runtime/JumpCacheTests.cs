using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace Hearth.Cpu.Software.Tests.Runtime;

/// <summary>Where code is found again: after its page was mapped elsewhere, in another mode, at addresses that only look alike.</summary>
public sealed unsafe class JumpCacheTests : IDisposable
{
    private const ulong First = 0x40_0000;
    private const ulong Second = 0x41_0000;
    private const ulong Window = 0x50_0000;
    private const ulong OtherRoot = 0x60_0000;

    private readonly CodeMachine _machine = new();

    public JumpCacheTests()
    {
        _machine.Assemble(First, a => { a.mov(eax, 1); a.ret(); }, Window);
        _machine.Assemble(Second, a => { a.mov(eax, 2); a.ret(); }, Window);
        _machine.Map(Window, First);
    }

    public void Dispose() => _machine.Dispose();

    [Fact]
    public void Invlpg_makes_the_new_page_run()
    {
        _machine.Run(CallAround(a =>
        {
            Remap(a);
            a.invlpg(__[Window]);
        }));

        Assert.Equal((1UL, 2UL), (_machine.State->Gpr[3], _machine.State->Gpr[0]));
    }

    [Fact]
    public void A_load_of_cr3_makes_the_new_page_run()
    {
        _machine.Run(CallAround(a =>
        {
            Remap(a);
            a.mov(rcx, cr3);
            a.mov(cr3, rcx);
        }));

        Assert.Equal((1UL, 2UL), (_machine.State->Gpr[3], _machine.State->Gpr[0]));
    }

    [Fact]
    public void Another_address_space_has_other_code_at_the_same_address()
    {
        CopyTables(OtherRoot);
        ulong table = OtherRoot + 0x2000;
        _machine.At<ulong>(OtherRoot + 0x3000 + ((Window >> 12 & 511) * 8)) = Second | CodeMachine.Present | CodeMachine.Writable;

        _machine.Run(CallAround(a =>
        {
            a.mov(rcx, OtherRoot);
            a.mov(cr3, rcx);
        }));

        Assert.Equal((1UL, 2UL), (_machine.State->Gpr[3], _machine.State->Gpr[0]));
        Assert.NotEqual(0UL, _machine.At<ulong>(table));
    }

    [Fact]
    public void A_global_page_stays_until_it_is_flushed_by_its_address()
    {
        _machine.Map(Window, First, CodeMachine.Present | CodeMachine.Writable | CodeMachine.Global);

        _machine.Run(CallAround(a =>
        {
            Remap(a);
            a.mov(rcx, cr3);
            a.mov(cr3, rcx);
            a.call(rbp);
            a.mov(edx, eax);
            a.invlpg(__[Window]);
        }));

        Assert.Equal((1UL, 2UL), (_machine.State->Gpr[3], _machine.State->Gpr[0]));
        Assert.Equal(1UL, _machine.State->Gpr[2]);
    }

    [Fact]
    public void A_page_that_went_away_faults_at_its_first_byte()
    {
        _machine.Run(CallAround(a =>
        {
            a.mov(__qword_ptr[EntryOf(Window)], 0);
            a.invlpg(__[Window]);
        }));

        ExceptionFrame frame = _machine.Caught(14);
        Assert.Equal((Window, 0x10U), (frame.Rip, frame.Error));
        Assert.Equal(Window, _machine.State->Cr2);
        Assert.Equal(1UL, _machine.State->Gpr[3]);
    }

    [Fact]
    public void A_page_that_became_not_executable_faults()
    {
        _machine.Run(CallAround(a =>
        {
            a.bts(__qword_ptr[EntryOf(Window)], 63);
            a.invlpg(__[Window]);
        }));

        ExceptionFrame frame = _machine.Caught(14);
        Assert.Equal((Window, 0x11U), (frame.Rip, frame.Error));
    }

    [Fact]
    public void Code_looks_at_a_unit_that_was_switched_off_since()
    {
        _machine.Assemble(First, a => { a.paddd(xmm0, xmm1); a.ret(); }, Window);

        _machine.Run(CallAround(a =>
        {
            a.mov(rcx, cr0);
            a.or(ecx, 8);
            a.mov(cr0, rcx);
        }));

        Assert.Equal(Window, _machine.Caught(7).Rip);
    }

    /// <summary>A tag is made from the address and the mode; the modes of one address must not be addresses of another mode.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(0xFFFF)]
    [InlineData(0xFFFE)]
    [InlineData(0xFFFD)]
    public void A_jump_to_an_address_that_is_not_canonical_never_finds_code(int high)
    {
        ulong target = Window | ((ulong)high << 48);

        _machine.Run(CallAround(a =>
        {
            a.mov(rcx, cr0);
            a.or(ecx, 8);
            a.mov(cr0, rcx);
            a.mov(rbp, target);
        }));

        Assert.Equal(0U, _machine.Caught(13).Error);
    }

    [Theory]
    [InlineData(0xFFFE)]
    [InlineData(0xFFFD)]
    [InlineData(0xFFFC)]
    [InlineData(0xFFFB)]
    public void A_jump_below_a_multiple_of_256_tebibytes_never_finds_an_empty_entry(int high)
    {
        ulong target = ((ulong)high << 48) | 0xFFFF_FFFF_FFFF;

        _machine.Run(CallAround(a => a.mov(rbp, target)));

        Assert.Equal(0U, _machine.Caught(13).Error);
    }

    [Fact]
    public void Modes_without_number_never_share_an_entry()
    {
        const ulong Rip = 0xFFFF_FFFF_FFFF_F123;
        var jumps = new JumpCache(_machine.State);
        TranslationStore store = _machine.Engine.Store;
        Assert.True(store.TryNumberOf(ModeFlags.Long, out _));
        Assert.True(store.TryFindOrTranslate(First, ModeFlags.Long, 4096, out TranslatedBlock? block));

        // Twice as many as can be told apart at one time.
        int cleared = 0;
        for (uint mode = 1; mode <= 8192; mode++)
        {
            while (!jumps.TrySetMode((ModeFlags)mode, 0, store))
            {
                store.Clear();
                jumps.ForgetAll();
                cleared++;
            }

            Assert.Equal(0UL, jumps.Find(Rip));
            jumps.Add(block!, Rip, First, isGlobal: false, isLarge: false);
            Assert.Equal((ulong)block!.FarEntry, jumps.Find(Rip));
            Assert.Equal(0UL, jumps.Find(Rip ^ 0x8000_0000_0000_0000));
        }

        Assert.Equal(2, cleared);
    }

    /// <summary>
    /// The processor may fetch through an old translation or the new one until it is flushed; but what it does then
    /// must not stay behind in code that others run.
    /// </summary>
    [Fact]
    public void A_jump_taken_while_its_page_changes_does_not_link_two_pages()
    {
        // Calls to the one address throw the other's page out of the soft TLB, and its entry out of the jump cache.
        const ulong Start = 0x200;
        const ulong SameSets = Window + 0x40_0000;
        const ulong New = Second | CodeMachine.Present | CodeMachine.Writable;
        const ulong Old = First | CodeMachine.Present | CodeMachine.Writable;
        _machine.Assemble(SameSets, a => a.ret());
        _machine.Assemble(SameSets + 16, a => a.ret());
        _machine.Assemble(First + Start, Jumping(1), Window + Start);
        _machine.Assemble(Second + Start, Jumping(2), Window + Start);

        _machine.Run(a =>
        {
            a.mov(rbp, Window + Start);
            Call(a, SameSets, Old, taken: 0);
            Call(a, SameSets + 16, New, taken: 1);
            a.mov(__qword_ptr[EntryOf(Window)], (int)Old);
            a.invlpg(__[Window]);
            Call(a, SameSets, Old, taken: 1);
            a.@out(TestBus.StopPort, al);
        });

        Assert.Equal(1UL, _machine.State->Gpr[0]);
    }

    /// <summary>Maps its own page as RSI says, throws that out of every cache by calling RDI, and jumps ahead if EBX is set.</summary>
    private static Action<Assembler> Jumping(int result) => a =>
    {
        Label there = a.CreateLabel();
        a.mov(__qword_ptr[EntryOf(Window)], rsi);
        a.call(rdi);
        a.test(ebx, ebx);
        a.jne(there);
        a.ret();
        a.Label(ref there);
        a.mov(eax, result);
        a.ret();
    };

    private static void Call(Assembler a, ulong evict, ulong entry, int taken)
    {
        a.mov(rdi, evict);
        a.mov(rsi, entry);
        a.mov(ebx, taken);
        a.call(rbp);
    }

    /// <summary>Calls the window, keeps the result in RBX, does something, and calls RBP (the window) again.</summary>
    private static Action<Assembler> CallAround(Action<Assembler> change) => a =>
    {
        a.mov(rbp, Window);
        a.call(rbp);
        a.mov(ebx, eax);
        change(a);
        a.call(rbp);
        a.@out(TestBus.StopPort, al);
    };

    private static void Remap(Assembler a) => a.mov(__qword_ptr[EntryOf(Window)], (int)(Second | CodeMachine.Present | CodeMachine.Writable));

    /// <summary>Page tables lie at 0x4000 (see <see cref="CodeMachine"/>), mapped to themselves.</summary>
    private static ulong EntryOf(ulong linear) => 0x4000 + ((linear >> 12) * 8);

    /// <summary>Another tree that shares all tables but the one of the window.</summary>
    private void CopyTables(ulong root)
    {
        _machine.At<ulong>(root) = (root + 0x1000) | CodeMachine.Present | CodeMachine.Writable;
        _machine.At<ulong>(root + 0x1000) = (root + 0x2000) | CodeMachine.Present | CodeMachine.Writable;
        for (ulong i = 0; i < 9; i++)
            _machine.At<ulong>(root + 0x2000 + (i * 8)) = _machine.At<ulong>(0x3000 + (i * 8));
        _machine.At<ulong>(root + 0x2000 + ((Window >> 21) * 8)) = (root + 0x3000) | CodeMachine.Present | CodeMachine.Writable;
        for (ulong i = 0; i < 512; i++)
            _machine.At<ulong>(root + 0x3000 + (i * 8)) = _machine.At<ulong>(0x4000 + ((Window >> 21) * 0x1000) + (i * 8));
    }
}
