using Hearth.Machine;

namespace Hearth.Devices.Virtio.Gpu;

/// <summary>A rectangle that is to be copied from guest memory into a picture.</summary>
/// <param name="Area">Inside the picture, and not empty.</param>
/// <param name="Offset">As <see cref="GpuResource.TryTransfer"/> has it.</param>
internal readonly record struct GpuTransfer(GpuResource Resource, DisplayArea Area, ulong Offset)
{
    /// <summary>Bytes whose copy takes about as long as it takes to wake a thread.</summary>
    private const long LongLength = 256 << 10;

    /// <summary>So long that a vCPU should not wait for it.</summary>
    public bool IsLong => (long)Area.Width * Area.Height * DisplaySize.PixelLength >= LongLength;

    /// <inheritdoc cref="GpuResource.TryTransfer"/>
    public bool TryRun(IGuestMemory ram) => Resource.TryTransfer(ram, Area, Offset);
}
