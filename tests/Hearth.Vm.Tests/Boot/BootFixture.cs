using System.Buffers.Binary;
using System.Text;
using Hearth.Cpu;
using Hearth.Machine;
using Hearth.Memory;
using Hearth.Vm.Boot;

namespace Hearth.Vm.Tests.Boot;

/// <summary>Guest RAM and a vCPU state a kernel is loaded into, with the readers the tests need.</summary>
internal sealed class BootFixture(ulong memory = 64 << 20) : IDisposable
{
    public GuestRam Ram { get; } = new(memory);

    public CpuState State { get; } = new();

    public static BootImage Image(string name, byte[] bytes) => new(name, new MemoryStream(bytes));

    public void Load(BootRequest request) => KernelLoader.Load(request, Ram, Ram.Slots, State);

    public void Load(byte[] kernel) => Load(new BootRequest { Kernel = Image("kernel", kernel) });

    public byte[] Bytes(ulong address, int length)
    {
        var bytes = new byte[length];
        Assert.True(Ram.TryRead(new GuestAddress(address), bytes));
        return bytes;
    }

    public uint UInt32(ulong address) => BinaryPrimitives.ReadUInt32LittleEndian(Bytes(address, 4));

    public ulong UInt64(ulong address) => BinaryPrimitives.ReadUInt64LittleEndian(Bytes(address, 8));

    public string Text(ulong address)
    {
        byte[] bytes = Bytes(address, 256);
        return Encoding.UTF8.GetString(bytes, 0, Array.IndexOf(bytes, (byte)0));
    }

    public void Dispose() => Ram.Dispose();
}
