namespace Hearth.Switch;

/// <summary>What is set up for a port.</summary>
/// <param name="Name">Its name, and that of its socket.</param>
/// <param name="Lans">The LANs it is in. Two ports reach each other when they share one.</param>
/// <param name="Address">The one station behind it; null for any stations, which are learned.</param>
public sealed record SwitchPortOptions(string Name, IReadOnlyList<string> Lans, EthernetAddress? Address);
