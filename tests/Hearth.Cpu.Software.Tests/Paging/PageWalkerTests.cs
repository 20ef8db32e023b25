namespace Hearth.Cpu.Software.Tests;

public sealed unsafe class PageWalkerTests
{
    public static TheoryData<int, bool, bool> Modes => new()
    {
        { 1, false, false }, { 2, false, false }, { 3, true, false }, { 4, true, false }, { 5, true, true }, { 6, true, true },
    };

    [Theory]
    [MemberData(nameof(Modes))]
    public void Walk_of_random_tables_agrees_with_the_manual(int seed, bool pae, bool longMode)
    {
        var random = new Random(seed);
        for (int round = 0; round < 4000; round++)
        {
            using var machine = new Round(random, pae, longMode);

            string found = machine.Found();

            Assert.Equal(machine.Expected(), found);
        }
    }

    [Fact]
    public void Walk_marks_every_level_accessed_and_the_leaf_dirty()
    {
        using SystemMachine machine = SystemMachine.Long();

        bool written = machine.Mmu.TryTranslate(0x1234, MemoryAccess.Write, out ulong physical);

        Assert.True(written);
        Assert.Equal(0x1234UL, physical);
        Assert.Equal(0x20UL, machine.Read(SystemMachine.Pml4, 1) & 0x60);
        Assert.Equal(0x20UL, machine.Read(SystemMachine.Pml4 + 0x1000, 1) & 0x60);
        Assert.Equal(0x60UL, machine.Read(SystemMachine.Pml4 + 0x2000, 1) & 0x60);
    }

    [Fact]
    public void Walk_that_faults_marks_nothing()
    {
        using SystemMachine machine = SystemMachine.Long();
        machine.Write(SystemMachine.Pml4 + 0x2000, 8, 0x80);

        bool found = machine.Mmu.TryTranslate(0x1234, MemoryAccess.Read, out _);

        Assert.False(found);
        Assert.Equal(0UL, machine.Read(SystemMachine.Pml4, 1) & 0x20);
        Assert.Equal(ExceptionVector.PageFault, machine.State->FaultVector);
        Assert.Equal(0x1234UL, machine.State->FaultAddress);
    }

    [Fact]
    public void Walk_through_a_table_outside_ram_finds_nothing()
    {
        using SystemMachine machine = SystemMachine.Long();
        machine.State->Cr3 = 0xF_0000_0000;

        bool found = machine.Mmu.TryTranslate(0x1234, MemoryAccess.Read, out _);

        Assert.False(found);
        Assert.Equal(0U, machine.State->FaultErrorCode);
    }

    /// <summary>One random address space, and one random access to it.</summary>
    private sealed class Round : IDisposable
    {
        private static readonly SystemMachine s_machine = new();

        private readonly ulong _linear;
        private readonly MemoryAccess _access;
        private readonly int _mode;
        private readonly ReferenceWalker _reference;

        public Round(Random random, bool pae, bool longMode)
        {
            _linear = (ulong)random.NextInt64(1L << (longMode ? 47 : 32));
            _access = (MemoryAccess)random.Next(3);
            _mode = random.Next(3);
            var tables = new RandomPageTables(random, s_machine) { Pae = pae, LongMode = longMode };
            VcpuState* state = s_machine.State;
            state->Cr3 = tables.Write(_linear);
            state->Cr0 = 0x8000_0001 | ((ulong)random.Next(2) << 16);
            state->Cr4 = ((ulong)random.Next(2) << 4) | ((ulong)random.Next(2) << 20) | (pae ? 1UL << 5 : 0);
            state->Efer = ((ulong)random.Next(2) << 11) | (longMode ? 0x500UL : 0);
            _reference = new ReferenceWalker(s_machine.Ram)
            {
                Cr3 = state->Cr3,
                Pae = pae,
                LongMode = longMode,
                PageSizeExtension = (state->Cr4 & 0x10) != 0,
                NoExecute = (state->Efer & 0x800) != 0,
                WriteProtect = (state->Cr0 & 0x1_0000) != 0,
                Smep = (state->Cr4 & 0x10_0000) != 0,
            };
        }

        public string Expected()
        {
            long result = _reference.Walk(_linear, _access, _mode == TlbMode.User, _mode == TlbMode.GuardedSupervisor);
            return result >= 0 ? $"{result:x}" : $"#PF({-1 - result:x})";
        }

        /// <summary>What the walker says, and says again from the soft TLB.</summary>
        public string Found()
        {
            s_machine.Mmu.Flush();
            string first = Translate();
            string second = Translate();
            return first == second ? first : $"first {first}, then {second}";
        }

        public void Dispose() => s_machine.State->FaultPending = 0;

        private string Translate() => s_machine.Mmu.TryTranslate(_linear, _access, _mode, out ulong physical)
            ? $"{physical:x}"
            : $"#PF({s_machine.State->FaultErrorCode:x})";
    }
}
