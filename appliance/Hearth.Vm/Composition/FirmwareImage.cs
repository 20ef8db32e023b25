using Hearth.Machine;
using Hearth.Memory;
using Hearth.Protocol;
using Microsoft.Win32.SafeHandles;

namespace Hearth.Vm.Composition;

/// <summary>A firmware's ROM image.</summary>
internal static class FirmwareImage
{
    private const int Granularity = 64 << 10;

    /// <summary>Reads it and closes the file.</summary>
    /// <exception cref="MachineException">It has a size that no ROM has, or cannot be read.</exception>
    public static ReadOnlyMemory<byte> Read(OpenFile file)
    {
        using var handle = new SafeFileHandle(file.Descriptor, ownsHandle: true);
        try
        {
            long length = RandomAccess.GetLength(handle);
            if (length is 0 or > GuestRam.RomMaximum || length % Granularity != 0)
                throw new MachineException($"{file.Name} is no firmware: it has {length} bytes, and a ROM has a multiple of 64 KiB up to {GuestRam.RomMaximum >> 20} MiB");
            var rom = new byte[length];
            for (int read = 0; read < rom.Length;)
            {
                int got = RandomAccess.Read(handle, rom.AsSpan(read), read);
                if (got == 0)
                    throw new MachineException($"{file.Name} is truncated");
                read += got;
            }

            return rom;
        }
        catch (Exception error) when (error is IOException or NotSupportedException)
        {
            throw new MachineException($"{file.Name} cannot be read: {error.Message}", error);
        }
    }
}
