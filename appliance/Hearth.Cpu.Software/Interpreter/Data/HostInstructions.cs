using Hearth.Linux;

namespace Hearth.Cpu.Software;

/// <summary>The host instruction that C# has no word for, as a leaf function in a page of its own.</summary>
internal sealed unsafe class HostInstructions : IDisposable
{
    private const int PageLength = 4096;

    private readonly MappedMemory _page;

    // SAFETY: the function keeps the System V calling convention and lives as long as the page.
    private readonly delegate* unmanaged<byte*, ulong*, ulong*, byte> _compareExchange16;

    /// <exception cref="LinuxException">The host gives no executable memory.</exception>
    public HostInstructions()
    {
        _page = MappedMemory.Anonymous(PageLength, executable: true);
        CompareExchange16Code.CopyTo(new Span<byte>(_page.Address, PageLength));
        _compareExchange16 = (delegate* unmanaged<byte*, ulong*, ulong*, byte>)_page.Address;
    }

    /// <summary>LOCK CMPXCHG16B.</summary>
    /// <param name="memory">16 bytes, aligned to 16.</param>
    /// <param name="expected">Two words, low first; what was found, afterwards.</param>
    /// <param name="desired">Two words, low first.</param>
    public bool CompareExchange16(byte* memory, ulong* expected, ulong* desired) => _compareExchange16(memory, expected, desired) != 0;

    public void Dispose() => _page.Dispose();

    private static ReadOnlySpan<byte> CompareExchange16Code =>
    [
        0x53,                               // push rbx
        0x49, 0x89, 0xD0,                   // mov r8, rdx
        0x48, 0x8B, 0x06,                   // mov rax, [rsi]
        0x48, 0x8B, 0x56, 0x08,             // mov rdx, [rsi+8]
        0x49, 0x8B, 0x18,                   // mov rbx, [r8]
        0x49, 0x8B, 0x48, 0x08,             // mov rcx, [r8+8]
        0xF0, 0x48, 0x0F, 0xC7, 0x0F,       // lock cmpxchg16b [rdi]
        0x48, 0x89, 0x06,                   // mov [rsi], rax
        0x48, 0x89, 0x56, 0x08,             // mov [rsi+8], rdx
        0x0F, 0x94, 0xC0,                   // sete al
        0x5B,                               // pop rbx
        0xC3,                               // ret
    ];
}
