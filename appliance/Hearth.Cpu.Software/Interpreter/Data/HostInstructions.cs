using Hearth.Linux;

namespace Hearth.Cpu.Software;

/// <summary>Host instructions that C# has no word for, as leaf functions in a page of their own.</summary>
internal sealed unsafe class HostInstructions : IDisposable
{
    private const int SlotLength = 64;

    private readonly MappedMemory _page;

    // SAFETY: the functions keep the System V calling convention and live as long as the page.
    private readonly delegate* unmanaged<byte*, ulong*, ulong*, byte> _compareExchange16;
    private readonly delegate* unmanaged<ulong*, byte> _random;
    private readonly delegate* unmanaged<ulong*, byte> _seed;

    /// <exception cref="LinuxException">The host gives no executable memory.</exception>
    public HostInstructions()
    {
        _page = MappedMemory.Anonymous(4096, executable: true);
        _compareExchange16 = (delegate* unmanaged<byte*, ulong*, ulong*, byte>)Place(0, CompareExchange16Code);
        _random = (delegate* unmanaged<ulong*, byte>)Place(1, RandomCode);
        _seed = (delegate* unmanaged<ulong*, byte>)Place(2, SeedCode);
    }

    /// <summary>LOCK CMPXCHG16B.</summary>
    /// <param name="memory">16 bytes, aligned to 16.</param>
    /// <param name="expected">Two words, low first; what was found, afterwards.</param>
    /// <param name="desired">Two words, low first.</param>
    public bool CompareExchange16(byte* memory, ulong* expected, ulong* desired) => _compareExchange16(memory, expected, desired) != 0;

    /// <summary>RDRAND of 64 bits.</summary>
    /// <returns>False when the host had none; the value is 0 then.</returns>
    public bool TryRandom(ulong* value) => _random(value) != 0;

    /// <summary>RDSEED of 64 bits.</summary>
    /// <returns>False when the host had none; the value is 0 then.</returns>
    public bool TrySeed(ulong* value) => _seed(value) != 0;

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

    private static ReadOnlySpan<byte> RandomCode =>
    [
        0x48, 0x0F, 0xC7, 0xF0,             // rdrand rax
        0x48, 0x89, 0x07,                   // mov [rdi], rax
        0x0F, 0x92, 0xC0,                   // setc al
        0xC3,                               // ret
    ];

    private static ReadOnlySpan<byte> SeedCode =>
    [
        0x48, 0x0F, 0xC7, 0xF8,             // rdseed rax
        0x48, 0x89, 0x07,                   // mov [rdi], rax
        0x0F, 0x92, 0xC0,                   // setc al
        0xC3,                               // ret
    ];

    private byte* Place(int slot, ReadOnlySpan<byte> code)
    {
        byte* start = _page.Address + (slot * SlotLength);
        code.CopyTo(new Span<byte>(start, SlotLength));
        return start;
    }
}
