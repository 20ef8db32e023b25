namespace Hearth.Cpu.Software.Tests.Runtime;

/// <summary>What a page must not hold to be executed as it is.</summary>
public sealed unsafe class CodeScanTests : IDisposable
{
    private const int PageLength = 4096;
    private const byte Nop = 0x90;

    private readonly CodeScan _scan = new(new DirectTraps(Cpuid: false, Timestamp: true));
    private readonly byte* _page = (byte*)System.Runtime.InteropServices.NativeMemory.Alloc(2 * PageLength);

    public CodeScanTests() => new Span<byte>(_page, 2 * PageLength).Fill(Nop);

    public void Dispose() => System.Runtime.InteropServices.NativeMemory.Free(_page);

    [Theory]
    [InlineData("0FA2", "CPUID")]
    [InlineData("0F01D0", "XGETBV")]
    [InlineData("480FAE20", "XSAVE64 [RAX]")]
    [InlineData("0F00E9", "VERW CX")]
    [InlineData("F30FC7F8", "RDPID RAX")]
    public void Instructions_that_would_answer_for_the_host_are_found(string code, string instruction)
    {
        Put(1000, code);

        Assert.False(_scan.IsHarmless(_page), instruction);
    }

    [Theory]
    [InlineData("B80FA20000", "MOV EAX, 0A20Fh")]
    [InlineData("0F31", "RDTSC, which traps")]
    [InlineData("0FAEF8", "SFENCE")]
    public void Bytes_inside_of_other_instructions_are_none(string code, string instruction)
    {
        Put(1000, code);

        Assert.True(_scan.IsHarmless(_page), instruction);
    }

    [Theory]
    [InlineData("07")]
    [InlineData("C5")]
    [InlineData("0F0E0E")]
    public void Code_behind_bytes_that_are_no_instruction_is_found(string data)
    {
        Put(1000, data + "9090909090" + "0FA2");

        Assert.False(_scan.IsHarmless(_page));
    }

    [Fact]
    public void Instructions_across_two_pages_are_found()
    {
        Put(PageLength - 1, "0FA2");

        Assert.False(_scan.IsHarmlessJoint(_page, _page + PageLength));
    }

    private void Put(int at, string hexadecimal) => Convert.FromHexString(hexadecimal).CopyTo(new Span<byte>(_page + at, PageLength));
}
