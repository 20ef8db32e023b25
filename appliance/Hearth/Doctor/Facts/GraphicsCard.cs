namespace Hearth.Doctor.Facts;

/// <summary>A graphics card, as the kernel's display drivers show it.</summary>
/// <param name="Name">For example <c>card0</c>.</param>
/// <param name="Driver">For example <c>amdgpu</c>.</param>
/// <param name="Id">Vendor and device in hexadecimal; null where it has none.</param>
internal sealed record GraphicsCard(string Name, string? Driver, string? Id, IReadOnlyList<Connector> Connectors);
