using System.Buffers.Binary;
using System.Text;

namespace Hearth.Machine;

/// <summary>The saved state of a machine's devices: one named section for each, checked by length and CRC.</summary>
/// <remarks>
/// Layout, little-endian: magic <c>"HRTHMACH"</c>, version (32 bits), number of sections (32); for each section the length
/// of its name (16) and the name in UTF-8, the length of its data (32), the CRC-32C of name and data (32), the data. The
/// version of a section's own layout is its first byte (<see cref="StateVersionExtensions"/>).
/// </remarks>
public sealed class MachineState
{
    private const uint Version = 1;
    private const int MaximumSections = 4096;
    private const int MaximumNameLength = 256;
    private const int MaximumDataLength = 1 << 28;

    private static readonly byte[] s_magic = "HRTHMACH"u8.ToArray();

    private readonly Dictionary<string, byte[]> _sections = [];

    private MachineState()
    {
    }

    /// <summary>The sections' names.</summary>
    public IReadOnlyCollection<string> Sections => _sections.Keys;

    /// <summary>Saves every device. No vCPU runs and the clock stands still.</summary>
    /// <exception cref="MachineException">Two devices have the same name.</exception>
    public static MachineState Capture(IEnumerable<IMachineDevice> devices)
    {
        ArgumentNullException.ThrowIfNull(devices);
        var state = new MachineState();
        foreach (IMachineDevice device in devices)
        {
            var writer = new StateWriter();
            device.Save(writer);
            if (!state._sections.TryAdd(device.Name, writer.Written.ToArray()))
                throw new MachineException($"Two devices are named '{device.Name}'.");
        }

        return state;
    }

    /// <summary>
    /// Restores every device in the order given: the clock first, then interrupt controllers, then the devices that drive them.
    /// </summary>
    /// <exception cref="SavedStateException">
    /// The sections are not those of the devices (then no device was touched), or a section is malformed.
    /// </exception>
    public void Apply(IEnumerable<IMachineDevice> devices)
    {
        IMachineDevice[] all = [.. devices];
        foreach (IMachineDevice device in all)
        {
            if (!_sections.ContainsKey(device.Name))
                throw new SavedStateException($"The saved state has nothing for the device '{device.Name}' of this machine.");
        }

        if (_sections.Keys.Except(all.Select(device => device.Name)).FirstOrDefault() is { } unknown)
            throw new SavedStateException($"The saved state has a device '{unknown}' that this machine does not have.");
        foreach (IMachineDevice device in all)
        {
            var reader = new StateReader(device.Name, _sections[device.Name]);
            device.Restore(reader);
            if (!reader.IsAtEnd)
                throw new SavedStateException($"The saved state of '{device.Name}' is longer than this device knows.");
        }
    }

    public void WriteTo(Stream stream)
    {
        ArgumentNullException.ThrowIfNull(stream);
        Span<byte> number = stackalloc byte[sizeof(uint)];
        stream.Write(s_magic);
        WriteUInt32(stream, number, Version);
        WriteUInt32(stream, number, (uint)_sections.Count);
        foreach ((string name, byte[] data) in _sections)
        {
            byte[] nameBytes = Encoding.UTF8.GetBytes(name);
            BinaryPrimitives.WriteUInt16LittleEndian(number, (ushort)nameBytes.Length);
            stream.Write(number[..sizeof(ushort)]);
            stream.Write(nameBytes);
            WriteUInt32(stream, number, (uint)data.Length);
            WriteUInt32(stream, number, Checksum(nameBytes, data));
            stream.Write(data);
        }
    }

    /// <summary>Reads exactly what <see cref="WriteTo"/> wrote; the stream may go on after it.</summary>
    /// <exception cref="SavedStateException">The state is damaged, cut short, or of a version that is not known here.</exception>
    public static MachineState ReadFrom(Stream stream)
    {
        ArgumentNullException.ThrowIfNull(stream);
        if (!ReadBytes(stream, s_magic.Length).AsSpan().SequenceEqual(s_magic))
            throw new SavedStateException("This is not a saved machine state.");
        uint version = ReadUInt32(stream);
        if (version != Version)
            throw new SavedStateException($"The saved machine state has format version {version}; version {Version} is known here.");
        uint count = ReadUInt32(stream);
        if (count > MaximumSections)
            throw new SavedStateException($"The saved machine state is damaged: it claims {count} sections.");
        var state = new MachineState();
        for (uint i = 0; i < count; i++)
            state.ReadSection(stream);
        return state;
    }

    private void ReadSection(Stream stream)
    {
        int nameLength = BinaryPrimitives.ReadUInt16LittleEndian(ReadBytes(stream, sizeof(ushort)));
        if (nameLength > MaximumNameLength)
            throw new SavedStateException("The saved machine state is damaged: a section's name is too long.");
        byte[] nameBytes = ReadBytes(stream, nameLength);
        string name = Encoding.UTF8.GetString(nameBytes);
        uint length = ReadUInt32(stream);
        uint checksum = ReadUInt32(stream);
        if (length > MaximumDataLength)
            throw new SavedStateException($"The saved machine state is damaged: the section '{name}' claims {length} bytes.");
        byte[] data = ReadBytes(stream, (int)length);
        if (Checksum(nameBytes, data) != checksum)
            throw new SavedStateException($"The saved machine state is damaged: the checksum of the section '{name}' is wrong.");
        if (!_sections.TryAdd(name, data))
            throw new SavedStateException($"The saved machine state is damaged: it has two sections '{name}'.");
    }

    private static uint Checksum(byte[] name, byte[] data) => Crc32C.Compute(name) ^ Crc32C.Compute(data);

    private static void WriteUInt32(Stream stream, Span<byte> buffer, uint value)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(buffer, value);
        stream.Write(buffer);
    }

    private static uint ReadUInt32(Stream stream) => BinaryPrimitives.ReadUInt32LittleEndian(ReadBytes(stream, sizeof(uint)));

    private static byte[] ReadBytes(Stream stream, int length)
    {
        // Grows with what really arrives, so that a damaged length cannot ask for memory the stream does not back.
        var bytes = new byte[Math.Min(length, 1 << 20)];
        int read = 0;
        while (read < length)
        {
            if (read == bytes.Length)
                Array.Resize(ref bytes, Math.Min(length, bytes.Length * 2));
            int got = stream.Read(bytes, read, bytes.Length - read);
            if (got == 0)
                throw new SavedStateException("The saved machine state ends early.");
            read += got;
        }

        return bytes;
    }
}
