using System.Buffers.Binary;
using Hearth.Devices.Pci;
using Hearth.Devices.Storage.Ide;
using Hearth.Machine;
using Hearth.Testing;

namespace Hearth.Fuzz.Devices;

/// <summary>
/// The IDE function under random registers, commands, packets and DMA tables. Besides what all targets look for: no request reaches past the end of a disk, and a
/// reset brings every drive back.
/// </summary>
internal sealed class IdeTarget : IFuzzTarget
{
    private const ushort MasterPort = 0xC000;
    private const int RamLength = 1 << 20;
    private const int DiskLength = 1 << 20;
    private const int RecoveryInterval = 4096;

    // What real drivers send, so that drives come to their inner states; every other value comes by chance.
    private static readonly byte[] s_commands =
    [
        0x08, 0x20, 0x24, 0x25, 0x29, 0x30, 0x34, 0x35, 0x39, 0x40, 0x90, 0x91, 0xA0, 0xA1, 0xB0, 0xC4, 0xC5, 0xC6, 0xC8, 0xCA, 0xE7, 0xEC, 0xEF,
    ];

    private static readonly byte[] s_packets = [0x00, 0x03, 0x12, 0x1A, 0x1B, 0x1E, 0x25, 0x28, 0x2B, 0x42, 0x43, 0x46, 0x4A, 0x51, 0x5A, 0xA8, 0xBB, 0xBD];
    private static readonly AccessWidth[] s_widths = [AccessWidth.Byte, AccessWidth.Word, AccessWidth.Dword];

    private readonly TestMachine _machine;
    private readonly IdeDevice _device;
    private GuardedMemory _memory = null!;
    private Random _random = new(0);
    private int _recovery;
    private ushort _command;
    private int _channel;

    public IdeTarget()
    {
        _machine = new TestMachine(ram => _memory = new GuardedMemory(ram));
        var bus = new PciBus(_machine.Context, null);
        _device = new IdeDevice(
            _machine.Context,
            [new IdeUnit(new MemoryDisk(DiskLength, isReadOnly: false), false, "a"), new IdeUnit(new MemoryDisk(DiskLength, isReadOnly: true), false, "b"),
             new IdeUnit(new MemoryDisk(DiskLength, isReadOnly: true), true, "c"), null]);
        bus.Add(_device, 1, 1);
        Start();
    }

    public long MemoryLimit => 1 << 20;

    /// <exception cref="InvalidOperationException">A drive does not come out of a soft reset.</exception>
    public void Act(Random random)
    {
        _memory.Begin();
        _random = random;
        if (_recovery++ % RecoveryInterval == 0)
            Recover();
        Step();
    }

    public void Check() => _memory.Check();

    private void Step()
    {
        switch (_random.Next(16))
        {
            case 0:
                Select();
                break;
            case 1 or 2:
                Issue();
                break;
            case 3:
                PutTable();
                break;
            case 4 or 5:
                _machine.Ports.Bus.Write((ulong)(MasterPort + (8 * _channel) + _random.Next(8)), Width(), Value());
                break;
            case 6:
                _machine.Out((ushort)(MasterPort + (8 * _channel)), (byte)(_random.Next(2) * 8 | 1));
                break;
            case 7:
                SendPacket();
                break;
            case 8:
                _machine.Out((ushort)(_command + 0x206), (byte)(_random.Next(8) == 0 ? _random.Next(256) : 0));
                break;
            case 9:
                _device.WriteConfiguration(_random.Next(64) & ~3, AccessWidth.Dword, (uint)_random.Next() | 0x8000_8005);
                break;
            case 10 or 11 or 12:
                MoveData();
                break;
            default:
                _machine.Ports.Bus.Write((ulong)(_command + _random.Next(8)), Width(), Value());
                _machine.Ports.Bus.Read((ulong)(_command + _random.Next(8)), Width());
                break;
        }
    }

    private void Select()
    {
        _channel = _random.Next(2);
        _command = (ushort)(_channel == 0 ? 0x1F0 : 0x170);
        _machine.Out((ushort)(_command + 6), (byte)(0xE0 | (_random.Next(2) << 4) | _random.Next(2)));
    }

    private void Issue()
    {
        for (int register = 1; register < 6; register++)
            _machine.Out((ushort)(_command + register), (byte)(_random.Next(3) == 0 ? _random.Next(256) : _random.Next(4)));
        _machine.Out((ushort)(_command + 7), _random.Next(4) == 0 ? (byte)_random.Next(256) : s_commands[_random.Next(s_commands.Length)]);
    }

    private void SendPacket()
    {
        _machine.Out((ushort)(_command + 1), (byte)_random.Next(2));
        _machine.Out((ushort)(_command + 7), 0xA0);
        _machine.OutWord(_command, (ushort)(s_packets[_random.Next(s_packets.Length)] | (_random.Next(4) << 8)));
        for (int i = 0; i < 5; i++)
            _machine.OutWord(_command, (ushort)(_random.Next(3) == 0 ? _random.Next(65536) : _random.Next(4) << 8));
    }

    private void MoveData()
    {
        for (int words = _random.Next(300); words > 0; words--)
        {
            if (_random.Next(2) == 0)
                _machine.Ports.Bus.Read(_command, Width());
            else
                _machine.Ports.Bus.Write(_command, Width(), (ulong)_random.Next());
        }
    }

    private void PutTable()
    {
        uint table = (uint)_random.Next(RamLength) & ~3U;
        for (int i = 0; i < 4 && _memory.Contains(new GuestAddress(table + (8UL * (ulong)i)), 8); i++)
        {
            Span<byte> entry = _machine.Ram.Bytes.AsSpan((int)table + (8 * i), 8);
            BinaryPrimitives.WriteUInt32LittleEndian(entry, (uint)_random.Next(_random.Next(4) == 0 ? int.MaxValue : RamLength));
            BinaryPrimitives.WriteUInt32LittleEndian(entry[4..], (uint)_random.Next(65536) | (_random.Next(3) == 0 ? 0x8000_0000U : 0));
        }

        _machine.OutDword((ushort)(MasterPort + (8 * _channel) + 4), _random.Next(16) == 0 ? uint.MaxValue : table);
    }

    /// <summary>Whatever a guest has done, a reset of the channel brings its drives back.</summary>
    private void Recover()
    {
        Start();
        foreach (ushort command in (ReadOnlySpan<ushort>)[0x1F0, 0x170])
        {
            _machine.Out((ushort)(command + 0x206), 0x04);
            _machine.Out((ushort)(command + 0x206), 0x00);
            byte status = _machine.In((ushort)(command + 0x206));
            if ((status & 0x89) != 0)
                throw new InvalidOperationException($"the drive at 0x{command:x} has status 0x{status:x} after a soft reset");
        }
    }

    private void Start()
    {
        if (_command == 0)
            _device.Reset();
        _command = 0x1F0;
        _channel = 0;
        _device.WriteConfiguration(0x20, AccessWidth.Dword, MasterPort);
        _device.WriteConfiguration(0x04, AccessWidth.Word, 5);
        _device.WriteConfiguration(0x40, AccessWidth.Dword, 0x8000_8000);
    }

    private AccessWidth Width() => s_widths[_random.Next(s_widths.Length)];

    private ulong Value() => (ulong)_random.NextInt64();
}
