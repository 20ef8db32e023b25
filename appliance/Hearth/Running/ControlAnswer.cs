using Hearth.Linux;
using Hearth.Protocol;

namespace Hearth.Running;

/// <summary>An answer of a guest's process, with the descriptors that came with it.</summary>
internal sealed class ControlAnswer(GuestReport report, FileDescriptor[] files) : IDisposable
{
    public GuestReport Report { get; } = report;

    public IReadOnlyList<FileDescriptor> Files { get; } = files;

    public void Dispose()
    {
        foreach (FileDescriptor file in files)
            file.Dispose();
    }
}
