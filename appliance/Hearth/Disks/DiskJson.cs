using System.Text.Json;
using System.Text.Json.Serialization;
using Hearth.Storage;

namespace Hearth.Disks;

/// <summary>What <c>hearth disk</c> says, for programs.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(DiskInfo))]
[JsonSerializable(typeof(CheckReport))]
internal sealed partial class DiskJson : JsonSerializerContext
{
    public static string Write(DiskInfo info) => JsonSerializer.Serialize(info, Default.DiskInfo) + '\n';

    public static string Write(CheckReport report) => JsonSerializer.Serialize(report, Default.CheckReport) + '\n';

    public static string Write(IReadOnlyList<SnapshotInfo> snapshots) => JsonSerializer.Serialize(snapshots, Default.IReadOnlyListSnapshotInfo) + '\n';
}
