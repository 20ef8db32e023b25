using System.Buffers.Binary;
using System.Text;
using Hearth.Linux.Interop;

namespace Hearth.Linux.Jail;

/// <summary>
/// A program that consists of a list of system calls: what has to happen between clone(2) and execve(2), where managed code must never
/// run. All its memory is laid out beforehand: a page of code (<see cref="LaunchCode"/>), and behind it the table and what the calls refer to.
/// </summary>
internal sealed class LaunchScript
{
    private const uint CodeAddress = 0x1_0000;
    private const int PageLength = 4096;
    private const int HeaderLength = 64;
    private const int ProgramHeaderLength = 56;
    private const int EntryOffset = HeaderLength + (2 * ProgramHeaderLength);

    private readonly List<LaunchStep> _steps = [];

    /// <summary>What lies behind the table: the report descriptor, a word for results that nobody wants, then strings, structures and lists.</summary>
    private readonly List<byte> _data = [];

    private readonly ulong _ignored;

    /// <param name="reportDescriptor">Where failures are told; it is open when the script begins, and must stay so.</param>
    public LaunchScript(int reportDescriptor)
    {
        _ = Words((ulong)reportDescriptor);
        _ignored = Words(0);
    }

    /// <summary>Where a step that must succeed goes on when it did not.</summary>
    public LaunchLabel End { get; } = new();

    public IReadOnlyList<LaunchStep> Steps => _steps;

    public void Add(LaunchStep step)
    {
        _steps.Add(step);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(_steps.Count, LaunchCode.MaximumRows);
    }

    public void Add(string attempt, int number, params ReadOnlySpan<ulong> arguments) => Add(new LaunchStep(attempt, number, arguments));

    /// <summary>The next step is where the label is.</summary>
    public void Mark(LaunchLabel label) => label.Step = _steps.Count;

    /// <summary>A string that ends with a zero.</summary>
    /// <returns>Its address.</returns>
    public ulong Text(string text) => Place([.. Encoding.UTF8.GetBytes(text), 0]);

    /// <summary>Words of 64 bits: a structure of theirs, or room for results.</summary>
    /// <returns>The address of the first.</returns>
    public ulong Words(params ReadOnlySpan<ulong> words)
    {
        var bytes = new byte[words.Length * sizeof(ulong)];
        for (int i = 0; i < words.Length; i++)
            BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(i * sizeof(ulong)), words[i]);
        return Place(bytes);
    }

    /// <summary>A list of strings that ends with a null pointer, as execve(2) takes two.</summary>
    public ulong Texts(IEnumerable<string> texts) => Words([.. texts.Select(Text), 0]);

    /// <summary>The step that a record of a failure speaks of; null for a record of something else.</summary>
    public LaunchStep? Find(uint address)
    {
        uint index = (address - LaunchCode.TableAddress) / LaunchCode.RowLength;
        return address >= LaunchCode.TableAddress && index < _steps.Count ? _steps[(int)index] : null;
    }

    /// <summary>A static ELF executable (System V ABI, chapter 4) with a segment of code and one of data.</summary>
    public byte[] ToProgram()
    {
        const uint ReadExecute = 5;
        const uint ReadWrite = 6;
        int dataLength = (LaunchCode.MaximumRows * LaunchCode.RowLength) + _data.Count;
        var file = new byte[PageLength + dataLength];
        WriteHeader(file);
        WriteSegment(file.AsSpan(HeaderLength), ReadExecute, 0, CodeAddress, PageLength);
        WriteSegment(file.AsSpan(HeaderLength + ProgramHeaderLength), ReadWrite, PageLength, LaunchCode.TableAddress, dataLength);
        LaunchCode.Bytes.CopyTo(file.AsSpan(EntryOffset));
        for (int i = 0; i < _steps.Count; i++)
            WriteRow(file.AsSpan(PageLength + (i * LaunchCode.RowLength), LaunchCode.RowLength), i);
        _data.CopyTo(file, PageLength + (LaunchCode.MaximumRows * LaunchCode.RowLength));
        return file;
    }

    private static void WriteHeader(Span<byte> file)
    {
        ReadOnlySpan<byte> identity = [0x7F, (byte)'E', (byte)'L', (byte)'F', 2, 1, 1, 0];
        identity.CopyTo(file);
        BinaryPrimitives.WriteUInt16LittleEndian(file[16..], 2); // ET_EXEC
        BinaryPrimitives.WriteUInt16LittleEndian(file[18..], 62); // EM_X86_64
        BinaryPrimitives.WriteUInt32LittleEndian(file[20..], 1);
        BinaryPrimitives.WriteUInt64LittleEndian(file[24..], CodeAddress + EntryOffset);
        BinaryPrimitives.WriteUInt64LittleEndian(file[32..], HeaderLength);
        BinaryPrimitives.WriteUInt16LittleEndian(file[52..], HeaderLength);
        BinaryPrimitives.WriteUInt16LittleEndian(file[54..], ProgramHeaderLength);
        BinaryPrimitives.WriteUInt16LittleEndian(file[56..], 2);
    }

    private static void WriteSegment(Span<byte> header, uint rights, int offset, ulong address, int length)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(header, 1); // PT_LOAD
        BinaryPrimitives.WriteUInt32LittleEndian(header[4..], rights);
        BinaryPrimitives.WriteUInt64LittleEndian(header[8..], (ulong)offset);
        BinaryPrimitives.WriteUInt64LittleEndian(header[16..], address);
        BinaryPrimitives.WriteUInt64LittleEndian(header[24..], address);
        BinaryPrimitives.WriteUInt64LittleEndian(header[32..], (ulong)length);
        BinaryPrimitives.WriteUInt64LittleEndian(header[40..], (ulong)length);
        BinaryPrimitives.WriteUInt64LittleEndian(header[48..], PageLength);
    }

    private void WriteRow(Span<byte> row, int index)
    {
        LaunchStep step = _steps[index];
        BinaryPrimitives.WriteInt32LittleEndian(row, step.Number);
        BinaryPrimitives.WriteUInt32LittleEndian(row[LaunchCode.FailureOffset..], (uint)Target(step.OnFailure ?? End));
        for (int i = 0; i < step.Arguments.Length; i++)
            BinaryPrimitives.WriteUInt64LittleEndian(row[(LaunchCode.ArgumentsOffset + (i * sizeof(ulong)))..], step.Arguments[i]);
        BinaryPrimitives.WriteUInt32LittleEndian(row[LaunchCode.ResultOffset..], (uint)ResultAddress(step));
        BinaryPrimitives.WriteUInt32LittleEndian(row[LaunchCode.ZeroOffset..], (uint)(step.OnZero is null ? RowAddress(index + 1) : Target(step.OnZero)));
    }

    private ulong ResultAddress(LaunchStep step)
    {
        if (step.Feeds is null)
            return step.Result ?? _ignored;
        int consumer = _steps.IndexOf(step.Feeds);
        return consumer >= 0 ? RowAddress(consumer) + LaunchCode.ArgumentsOffset : throw new InvalidOperationException("a result goes to a step that is not there");
    }

    private static ulong Target(LaunchLabel label) =>
        label.Step >= 0 ? RowAddress(label.Step) : throw new InvalidOperationException("a step goes on at a label that has no place");

    private static ulong RowAddress(int step) => LaunchCode.TableAddress + ((ulong)step * LaunchCode.RowLength);

    private ulong Place(ReadOnlySpan<byte> bytes)
    {
        while (_data.Count % sizeof(ulong) != 0)
            _data.Add(0);
        ulong address = LaunchCode.ReportAddress + (ulong)_data.Count;
        _data.AddRange(bytes);
        return address;
    }
}
