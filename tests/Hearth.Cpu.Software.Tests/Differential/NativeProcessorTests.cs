using Hearth.Fuzz.Oracle;
using Hearth.Fuzz.State;

namespace Hearth.Cpu.Software.Tests.Differential;

/// <summary>The oracle against results worked out by hand.</summary>
public sealed class NativeProcessorTests : IDisposable
{
    private const ulong CarryParityAuxiliaryZero = 0x55;

    private readonly NativeProcessor _host = Oracles.Start();
    private readonly Outcome _outcome = new();

    public void Dispose() => _host.Dispose();

    [Fact]
    public void Run_addition_gives_sum_and_flags()
    {
        var program = new TestProgram(CodeMode.Long);
        program.SetCode([0x48, 0x01, 0xC8], 0);
        program.State.Registers[0] = 1;
        program.State.Registers[1] = ulong.MaxValue;

        _host.Run(program, _outcome);

        Assert.Equal(ExceptionVectors.Breakpoint, _outcome.Vector);
        Assert.Equal(0UL, _outcome.State.Registers[0]);
        Assert.Equal(0x202 | CarryParityAuxiliaryZero, _outcome.State.Rflags);
        Assert.Equal(program.Entry + 4, _outcome.State.Rip);
    }

    [Fact]
    public void Run_store_to_read_only_memory_gives_page_fault()
    {
        var program = new TestProgram(CodeMode.Long);
        program.SetCode([0x89, 0x18], 0x10);
        program.State.Registers[0] = MemoryLayout.ReadOnly.Address + 5;

        _host.Run(program, _outcome);

        Assert.Equal(ExceptionVectors.PageFault, _outcome.Vector);
        Assert.Equal(7u, _outcome.ErrorCode);
        Assert.Equal(MemoryLayout.ReadOnly.Address + 5, _outcome.FaultAddress);
        Assert.Equal(program.Entry, _outcome.State.Rip);
    }

    [Fact]
    public void Run_store_beyond_16_bit_segment_gives_general_protection()
    {
        Oracles.Require(CodeMode.Protected16);
        var program = new TestProgram(CodeMode.Protected16);
        program.SetCode([0x89, 0x07], 0);
        program.State.Registers[3] = 0x3FFF;

        _host.Run(program, _outcome);

        Assert.Equal(ExceptionVectors.GeneralProtection, _outcome.Vector);
        Assert.Equal(0u, _outcome.ErrorCode);
    }

    [Fact]
    public void Run_vector_instruction_gives_all_256_bits()
    {
        var program = new TestProgram(CodeMode.Long);
        program.SetCode([0xC5, 0xFD, 0xEF, 0xC1], 0);
        program.State.Xmm(0).Fill(0xF0);
        program.State.YmmHigh(0).Fill(0x0F);
        program.State.Xmm(1).Fill(0xFF);
        program.State.YmmHigh(1).Fill(0xFF);

        _host.Run(program, _outcome);

        Assert.All(_outcome.State.Xmm(0).ToArray(), value => Assert.Equal(0x0F, value));
        Assert.All(_outcome.State.YmmHigh(0).ToArray(), value => Assert.Equal(0xF0, value));
    }

    [Fact]
    public void Run_x87_instruction_gives_new_top()
    {
        var program = new TestProgram(CodeMode.Long);
        program.SetCode([0xD9, 0xE8], 0);

        _host.Run(program, _outcome);

        Assert.Equal(7 << 11, _outcome.State.X87Status);
        Assert.Equal(0x80, _outcome.State.X87Tags);
        Assert.Equal("0000000000000080FF3F", Convert.ToHexString(_outcome.State.X87(0)));
    }

    [Theory]
    [InlineData(CodeMode.Long)]
    [InlineData(CodeMode.Protected32)]
    [InlineData(CodeMode.Protected16)]
    internal void Run_division_by_zero_gives_divide_error(CodeMode mode)
    {
        Oracles.Require(mode);
        var program = new TestProgram(mode);
        program.SetCode([0xF7, 0xF1], 0);

        _host.Run(program, _outcome);

        Assert.Equal(ExceptionVectors.DivideError, _outcome.Vector);
        Assert.Equal(program.State.Rip, _outcome.State.Rip);
    }

    [Fact]
    public void Run_store_leaves_its_bytes_in_memory()
    {
        var program = new TestProgram(CodeMode.Long);
        program.SetCode([0x48, 0x89, 0x18], 0);
        program.State.Registers[0] = MemoryLayout.High.Address + 0xFFC;
        program.State.Registers[3] = 0x1122_3344_5566_7788;

        _host.Run(program, _outcome);

        Assert.Equal("8877665544332211", Convert.ToHexString(_outcome.Memory, MemoryLayout.High.Offset + 0xFFC, 8));
    }

    [Fact]
    public void Run_system_call_is_never_carried_out()
    {
        const ulong ExitGroup = 231;
        var program = new TestProgram(CodeMode.Long);
        program.SetCode([0x0F, 0x05], 0);
        program.State.Registers[0] = ExitGroup;

        _host.Run(program, _outcome);

        Assert.Equal(EndKind.SystemCall, _outcome.End);
    }

    [Fact]
    public void Run_endless_loop_is_ended()
    {
        var program = new TestProgram(CodeMode.Long);
        program.SetCode([0xEB, 0xFE], 0);

        _host.Run(program, _outcome);

        Assert.Equal(EndKind.Timeout, _outcome.End);
    }

    [Fact]
    public void Run_after_identification_flag_was_set_starts_without_it()
    {
        const ulong Identification = 1 << 21;
        var first = new TestProgram(CodeMode.Long);
        first.SetCode([0x9D], 0);
        BitConverter.TryWriteBytes(first.At(first.State.Registers[4]), Identification);
        var second = new TestProgram(CodeMode.Long);
        second.SetCode([0x90], 0);

        _host.Run(first, _outcome);
        ulong afterFirst = _outcome.State.Rflags;
        _host.Run(second, _outcome);

        Assert.Equal(Identification | 0x202, afterFirst);
        Assert.Equal(0x202UL, _outcome.State.Rflags);
    }

    [Fact]
    public void Dispose_leaves_no_child()
    {
        int pid = _host.ChildPid;

        _host.Dispose();

        Assert.NotEqual(0, pid);
        Assert.False(Directory.Exists($"/proc/{pid}"));
    }
}
