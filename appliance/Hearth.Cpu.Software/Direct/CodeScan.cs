using Iced.Intel;

namespace Hearth.Cpu.Software;

/// <summary>Finds instructions that a process for user code would execute for the host instead of the guest.</summary>
/// <remarks>
/// They do not trap: CPUID, XGETBV, RDTSC, RDTSCP and RDPID answer for the host's processor, LSL, LAR, VERR, VERW, SGDT, SIDT and SMSW for its
/// tables; the XSAVE and XRSTOR family works on every register file that the host has switched on, and so on more memory than the
/// guest has set aside. Where the host can make some of them trap (<see cref="DirectTraps"/>), those need not be looked for. Their
/// bytes are looked for everywhere, and then whether an instruction begins there: decoding from any of several places before
/// nearly always finds the boundaries that the program has. A program that jumps into the middle of its own instructions can get
/// an answer of the host's, and nothing else. SLDT and STR give what the host's kernel has there, as under UMIP.
/// </remarks>
internal sealed unsafe class CodeScan
{
    private const byte Escape = 0x0F;
    private const int PageLength = 4096;
    private const int Distance = 192;
    private const int Starts = 8;

    private readonly GuestCodeReader _reader = new();
    private readonly Decoder _decoder;

    private readonly DirectTraps _traps;

    public CodeScan(DirectTraps traps)
    {
        _traps = traps;
        _decoder = Decoder.Create(64, _reader);
    }

    /// <summary>True when a page may be executed directly, apart from what <see cref="IsHarmlessJoint"/> looks at.</summary>
    /// <param name="page">4096 bytes.</param>
    public bool IsHarmless(byte* page)
    {
        var bytes = new ReadOnlySpan<byte>(page, PageLength);
        int from = 0;
        while (true)
        {
            int found = bytes[from..].IndexOf(Escape);
            if (found < 0)
                return true;
            int at = from + found;
            if (IsCandidate(bytes[(at + 1)..]) && BeginsInstruction(page, at))
                return false;
            from = at + 1;
        }
    }

    /// <summary>True when no instruction that is looked for can lie across two pages that follow one another.</summary>
    /// <remarks>Only one of the two need be kept from being executed.</remarks>
    public bool IsHarmlessJoint(byte* page, byte* next)
    {
        ReadOnlySpan<byte> joint = [page[PageLength - 2], page[PageLength - 1], next[0], next[1]];
        return !(joint[0] == Escape && IsCandidate(joint[1..])) && !(joint[1] == Escape && IsCandidate(joint[2..]));
    }

    /// <param name="rest">What follows 0F, as far as it is in the page.</param>
    private bool IsCandidate(ReadOnlySpan<byte> rest)
    {
        const byte Cpuid = 0xA2;
        const byte LoadAccessRights = 0x02;
        const byte LoadSegmentLimit = 0x03;
        const byte Rdtsc = 0x31;
        const byte Group6 = 0x00;
        const byte Group7 = 0x01;
        const byte Xgetbv = 0xD0;
        const byte Rdtscp = 0xF9;
        const byte Group9 = 0xC7;
        const byte Group15 = 0xAE;
        if (rest.Length < 2)
            return rest.Length == 1 && rest[0] switch { Cpuid => !_traps.Cpuid, Rdtsc => !_traps.Timestamp, LoadAccessRights or LoadSegmentLimit => true, _ => false };
        byte modRm = rest[1];
        int register = (modRm >> 3) & 7;
        bool isRegister = modRm >= 0xC0;
        return rest[0] switch
        {
            Cpuid => !_traps.Cpuid,
            Rdtsc => !_traps.Timestamp,
            LoadAccessRights or LoadSegmentLimit => true,
            Group6 => register is 4 or 5, // VERR, VERW
            Group7 => isRegister ? modRm == Xgetbv || (modRm == Rdtscp && !_traps.Timestamp) || register == 4 : register is 0 or 1 or 4,
            Group9 => isRegister ? register == 7 : register is 3 or 4 or 5, // RDPID; XRSTORS, XSAVEC, XSAVES
            Group15 => !isRegister && register is (4 or 5 or 6), // XSAVE, XRSTOR, XSAVEOPT
            _ => false,
        };
    }

    private bool BeginsInstruction(byte* page, int escape)
    {
        int first = Math.Max(0, escape - Distance);
        for (int start = first; start < first + Starts && start <= escape; start++)
        {
            if (Reaches(page, start, escape))
                return true;
        }

        return false;
    }

    /// <summary>Decoding from a place comes to an instruction whose opcode is at the escape byte; prefixes may precede it.</summary>
    private bool Reaches(byte* page, int start, int escape)
    {
        const int LongestPrefixes = 4;
        _reader.Set(page + start, page + PageLength);
        _decoder.IP = (ulong)start;
        while ((int)_decoder.IP <= escape)
        {
            int at = (int)_decoder.IP;
            _decoder.Decode(out Instruction instruction);

            // What is no instruction is data; code may begin behind any byte of it.
            int next = at + (instruction.IsInvalid ? 1 : instruction.Length);
            if (next > escape)
                return escape - at <= LongestPrefixes && ArePrefixes(new ReadOnlySpan<byte>(page + at, escape - at));
            _reader.Set(page + next, page + PageLength);
            _decoder.IP = (ulong)next;
        }

        return false;
    }

    private static bool ArePrefixes(ReadOnlySpan<byte> bytes)
    {
        foreach (byte value in bytes)
        {
            bool isPrefix = value is 0x66 or 0x67 or 0xF2 or 0xF3 or 0xF0 or 0x2E or 0x36 or 0x3E or 0x26 or 0x64 or 0x65 or (>= 0x40 and <= 0x4F);
            if (!isPrefix)
                return false;
        }

        return true;
    }
}
