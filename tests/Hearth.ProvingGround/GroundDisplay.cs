namespace Hearth.Proving;

/// <summary>The display adapter of a proving ground; its driver is loaded with it.</summary>
public enum GroundDisplay
{
    /// <summary>No adapter at all: the kernel's console is the serial port.</summary>
    None,

    /// <summary>virtio-vga with the driver virtio_gpu: up to 16 outputs, a hardware cursor, page flips.</summary>
    VirtioVga,

    /// <summary>bochs-display with the driver bochs: one output, plain memory as its frame buffer.</summary>
    Bochs,
}
