namespace Hearth.Doctor.Facts;

/// <summary>A network interface of the host.</summary>
/// <param name="State"><c>up</c>, <c>down</c>, <c>unknown</c> …</param>
/// <param name="Driver">For example <c>e1000e</c>; null for one without hardware.</param>
internal sealed record NetworkInterface(string Name, string? State, string? Driver);
