namespace Hearth.Protocol;

/// <summary>The input devices a guest has beside its PS/2 keyboard and mouse, and what is typed by itself.</summary>
/// <param name="Devices">Virtio devices, in the order of their PCI slots.</param>
/// <param name="Script">What hands do, step by step.</param>
public sealed record InputConfiguration(IReadOnlyList<InputTarget> Devices, IReadOnlyList<InputStep> Script);
