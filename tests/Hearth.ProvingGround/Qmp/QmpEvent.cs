using System.Text.Json.Nodes;

namespace Hearth.Proving.Qmp;

/// <summary>Something QEMU told without having been asked.</summary>
public sealed record QmpEvent(string Name, JsonObject Data);
