using Hearth.Machine;

namespace Hearth.Testing;

/// <summary>The surroundings of a device under test: fakes for everything a <see cref="DeviceContext"/> holds.</summary>
public sealed class TestMachine
{
    private readonly RecordingLine[] _lines = new RecordingLine[LineCount];

    /// <summary>GSIs 0 to 23.</summary>
    public const int LineCount = 24;

    /// <param name="guard">What devices get in place of <see cref="Ram"/>: a memory that lies before it and looks at what they do.</param>
    public TestMachine(Func<FakeGuestMemory, IGuestMemory>? guard = null)
    {
        for (int i = 0; i < _lines.Length; i++)
            _lines[i] = new RecordingLine();
        Context = new DeviceContext
        {
            Memory = Memory,
            Ports = Ports,
            Ram = guard?.Invoke(Ram) ?? Ram,
            Clock = Clock,
            Messages = Messages,
            Control = Control,
            Log = Log,
            Line = gsi => _lines[gsi],
        };
    }

    public RecordingAddressSpace Memory { get; } = new("memory", Bus.MemorySpace);

    public RecordingAddressSpace Ports { get; } = new("port", Bus.PortSpace);

    public FakeGuestMemory Ram { get; } = new(1 << 20);

    public ManualClock Clock { get; } = new();

    public RecordingMessages Messages { get; } = new();

    public FakeMachineControl Control { get; } = new();

    public FakeDeviceLog Log { get; } = new();

    public DeviceContext Context { get; }

    /// <summary>The line of a GSI; one source is enough for a device under test.</summary>
    public RecordingLine Line(int gsi) => _lines[gsi];

    public byte In(ushort port) => (byte)Ports.Bus.Read(port, AccessWidth.Byte);

    public ushort InWord(ushort port) => (ushort)Ports.Bus.Read(port, AccessWidth.Word);

    public uint InDword(ushort port) => (uint)Ports.Bus.Read(port, AccessWidth.Dword);

    public void Out(ushort port, byte value) => Ports.Bus.Write(port, AccessWidth.Byte, value);

    public void OutWord(ushort port, ushort value) => Ports.Bus.Write(port, AccessWidth.Word, value);

    public void OutDword(ushort port, uint value) => Ports.Bus.Write(port, AccessWidth.Dword, value);

    public uint ReadDword(ulong address) => (uint)Memory.Bus.Read(address, AccessWidth.Dword);

    public ulong ReadQword(ulong address) => Memory.Bus.Read(address, AccessWidth.Qword);

    public void WriteDword(ulong address, uint value) => Memory.Bus.Write(address, AccessWidth.Dword, value);

    public void WriteQword(ulong address, ulong value) => Memory.Bus.Write(address, AccessWidth.Qword, value);

    /// <summary>What a device saves now.</summary>
    public static byte[] Save(IMachineDevice device)
    {
        var writer = new StateWriter();
        device.Save(writer);
        return writer.Written.ToArray();
    }

    /// <summary>Restores a device from what <see cref="Save"/> gave.</summary>
    /// <returns>True when the device read the state to its end.</returns>
    public static bool Restore(IMachineDevice device, byte[] state)
    {
        var reader = new StateReader(device.Name, state);
        device.Restore(reader);
        return reader.IsAtEnd;
    }
}
