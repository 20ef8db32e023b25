using Hearth.Devices.Sound.Hda;
using Hearth.Devices.Tests.Pci;
using Hearth.Machine;
using Hearth.Testing;

namespace Hearth.Devices.Tests.Sound.Hda;

public sealed class HdaContractTests : DeviceContractTests
{
    protected override IMachineDevice Create(TestMachine machine) =>
        new AssignedMachinePart(machine, new HdaDevice("hda0", new FakeSound(), WithPatternMemory(machine.Context)));

    /// <summary>Lets streams run over lists that memory is full of, and plugs jacks in and out.</summary>
    protected override void Stimulate(TestMachine machine, IMachineDevice device, int seed)
    {
        var controller = (HdaDevice)((AssignedMachinePart)device).Function;
        var random = new Random(seed);
        controller.Write(0x08, AccessWidth.Dword, 0x101);
        controller.Write(0x20, AccessWidth.Dword, 0xC000_00FF);
        controller.Write(0x4C, AccessWidth.Byte, 3);
        controller.Write(0x5C, AccessWidth.Byte, 7);
        for (int i = 0; i < 8; i++)
        {
            ulong stream = 0x80 + (0x20 * (ulong)i);
            controller.Write(stream + 0x08, AccessWidth.Dword, (ulong)random.Next(1, 100_000));
            controller.Write(stream + 0x0C, AccessWidth.Word, (ulong)random.Next(256));
            controller.Write(stream + 0x12, AccessWidth.Word, (ulong)random.Next(0x8000));
            controller.Write(stream + 0x18, AccessWidth.Dword, (ulong)random.Next(1 << 18));
            controller.Write(stream, AccessWidth.Dword, ((ulong)random.Next(16) << 20) | 0x1E);
            controller.Write(0x48, AccessWidth.Byte, (ulong)random.Next(256));
            machine.Clock.Advance(random.Next(30_000_000));
        }

        controller.Plug((HdaJack)(seed % 4), false);
        controller.Plug((HdaJack)(seed % 4), true);
    }

    private static DeviceContext WithPatternMemory(DeviceContext context) => new()
    {
        Memory = context.Memory,
        Ports = context.Ports,
        Ram = new PatternMemory(),
        Clock = context.Clock,
        Messages = context.Messages,
        Control = context.Control,
        Log = context.Log,
        Line = context.Line,
    };

    /// <summary>Memory whose content follows from its addresses and does not change: it is not part of what is saved.</summary>
    private sealed class PatternMemory : IGuestMemory
    {
        private const ulong Length = 1 << 20;

        public bool TryRead(GuestAddress from, Span<byte> to)
        {
            if (!Contains(from, (ulong)to.Length))
                return false;
            for (int i = 0; i < to.Length; i++)
                to[i] = (byte)(((from.Value + (ulong)i) * 0x9E37_79B9) >> 13);
            return true;
        }

        public bool TryWrite(GuestAddress to, ReadOnlySpan<byte> from) => Contains(to, (ulong)from.Length);

        public bool TryMap(GuestAddress start, int length, out Memory<byte> memory)
        {
            memory = default;
            return false;
        }

        public void NoteWrite(GuestAddress start, int length)
        {
        }

        public bool Contains(GuestAddress start, ulong length) => start.Value <= Length && length <= Length - start.Value;

        public bool IsWritable(GuestAddress start, ulong length) => Contains(start, length);
    }
}
