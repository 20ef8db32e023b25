namespace Hearth.Machine;

/// <summary>Something a device counted or was told, for people.</summary>
public readonly record struct DeviceFigure(string Name, string Value);
