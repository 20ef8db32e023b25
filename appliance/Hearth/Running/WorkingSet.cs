using System.Buffers.Binary;

namespace Hearth.Running;

/// <summary>
/// The memory that a guest needed first when it was restored last, in that order: it comes first the next time. A hint: it is of another state, and where it is lost or wrong a
/// guest waits a little longer.
/// </summary>
/// <param name="file">Numbers of groups of pages (<see cref="MemoryFiller.GroupPages"/>), 32 bits each, little-endian.</param>
internal sealed class WorkingSet(string file)
{
    /// <summary>64 MiB of memory: what comes later is not waited for by anybody who looks.</summary>
    private const int Most = 1024;

    public IReadOnlyList<int> Read()
    {
        try
        {
            byte[] bytes = File.Exists(file) ? File.ReadAllBytes(file) : [];
            var groups = new int[Math.Min(bytes.Length / sizeof(int), Most)];
            for (int i = 0; i < groups.Length; i++)
                groups[i] = Math.Max(BinaryPrimitives.ReadInt32LittleEndian(bytes.AsSpan(i * sizeof(int))), 0);
            return groups;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }

    public void Write(IReadOnlyList<int> groups)
    {
        var bytes = new byte[Math.Min(groups.Count, Most) * sizeof(int)];
        for (int i = 0; i < bytes.Length / sizeof(int); i++)
            BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(i * sizeof(int)), groups[i]);
        try
        {
            File.WriteAllBytes(file, bytes);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // The next restore waits a little longer.
        }
    }
}
