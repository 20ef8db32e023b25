using System.Numerics;
using Hearth.Cpu.Kvm.Interop;
using Hearth.Machine;

namespace Hearth.Cpu.Kvm;

/// <summary>Serves the port and memory accesses for which a vCPU left guest code. Nothing is allocated.</summary>
internal static unsafe class AccessExits
{
    // SAFETY: the kernel, which is trusted, puts the data within what it shares: io_count pieces of io_size bytes at io_data_offset, or mmio_len of
    // mmio_data's 8. The guest decides none of it but how many.
    private const int In = 0;

    /// <summary>One access, or as many as a string instruction has at once.</summary>
    public static void ServePorts(kvm_run* run, IVcpuBus bus)
    {
        int size = run->io_size;
        ushort port = run->io_port;
        byte* data = (byte*)run + run->io_data_offset;
        for (uint left = run->io_count; left > 0; left--, data += size)
        {
            if (run->io_direction == In)
                Store(data, size, bus.ReadPort(port, (AccessWidth)size));
            else
                bus.WritePort(port, (AccessWidth)size, Load(data, size));
        }
    }

    /// <summary>An access of one to eight bytes; what crosses a page comes in pieces of any length.</summary>
    public static void ServeMemory(kvm_run* run, IVcpuBus bus)
    {
        ulong address = run->mmio_phys_addr;
        byte* data = run->mmio_data;
        int left = (int)run->mmio_len;
        while (left > 0)
        {
            int size = 1 << BitOperations.Log2((uint)left);
            if (run->mmio_is_write != 0)
                bus.WriteMemory(address, (AccessWidth)size, Load(data, size));
            else
                Store(data, size, bus.ReadMemory(address, (AccessWidth)size));
            address += (uint)size;
            data += size;
            left -= size;
        }
    }

    // x86 is little-endian: the low bytes of a register are the first ones.
    private static ulong Load(byte* from, int size)
    {
        ulong value = 0;
        Buffer.MemoryCopy(from, &value, sizeof(ulong), size);
        return value;
    }

    private static void Store(byte* to, int size, ulong value) => Buffer.MemoryCopy(&value, to, size, size);
}
