using Hearth.Linux;
using Hearth.Snapshots.States;

namespace Hearth.Running;

/// <summary>Gives a restored guest all of its memory before it runs, where pages cannot come when they are touched.</summary>
internal static class MemoryFile
{
    /// <param name="file">The guest's memory, all zeros.</param>
    /// <exception cref="Snapshots.SnapshotException">The state is damaged.</exception>
    /// <exception cref="LinuxException">The file takes nothing.</exception>
    public static void Fill(FileDescriptor file, SavedStateReader state)
    {
        Span<byte> content = stackalloc byte[SavedState.PageLength];
        for (long page = 0; state.TryFindContent(ref page); page++)
        {
            state.Read(page, content);
            file.WriteAt(content, page * SavedState.PageLength);
        }
    }
}
