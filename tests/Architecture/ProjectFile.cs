using System.Xml.Linq;

namespace Hearth.Architecture.Tests;

/// <summary>What a project file says of references and unsafe code.</summary>
/// <param name="References">Names of the projects whose code it uses; those it only has built beside it are left out.</param>
internal sealed record ProjectFile(string Name, string Path, bool AllowsUnsafe, bool AllowsBannedApis, IReadOnlyList<string> References)
{
    public static IReadOnlyList<ProjectFile> All { get; } = [.. Repository.Files("*.csproj").Select(Load)];

    public bool IsProduct => !Path.StartsWith("tests/", StringComparison.Ordinal);

    public static ProjectFile Load(string path)
    {
        XDocument project = XDocument.Parse(Repository.Read(path));
        return new ProjectFile(
            System.IO.Path.GetFileNameWithoutExtension(path),
            path,
            IsTrue(project, "AllowUnsafeBlocks"),
            IsTrue(project, "AllowBannedApis"),
            [.. project.Descendants("ProjectReference").Where(UsesCode).Select(reference => System.IO.Path.GetFileNameWithoutExtension((string)reference.Attribute("Include")!))]);
    }

    private static bool IsTrue(XDocument project, string property) => project.Descendants(property).Any(element => element.Value == "true");

    private static bool UsesCode(XElement reference) =>
        (string?)reference.Attribute("ReferenceOutputAssembly") != "false" && (string?)reference.Element("ReferenceOutputAssembly") != "false";
}
