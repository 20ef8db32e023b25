using System.Text;

namespace Hearth.Doctor;

/// <summary>A table of two columns in plain text, in sections.</summary>
/// <param name="width">Columns of the screen, at which values are broken into lines; null for no end.</param>
internal sealed class TableText(int? width)
{
    private const int LabelWidth = 18;
    private const int Indent = 2;

    // A narrower screen breaks the lines itself.
    private const int LeastValueWidth = 20;

    private readonly StringBuilder _text = new();

    /// <summary>Text over the whole width.</summary>
    public void Paragraph(string text)
    {
        foreach (string line in Lines(text, 0))
            _text.Append(line).Append('\n');
    }

    public void Section(string title) => _text.Append('\n').Append(title).Append('\n');

    /// <param name="value">Null for what is not known.</param>
    public void Row(string label, string? value)
    {
        string margin = $"{"",Indent}{label,-LabelWidth}{(label.Length < LabelWidth ? "" : " ")}";
        foreach (string line in Lines(value ?? "not known", Indent + LabelWidth))
        {
            _text.Append(margin).Append(line).Append('\n');
            margin = new string(' ', Indent + LabelWidth);
        }
    }

    public override string ToString() => _text.ToString();

    private IEnumerable<string> Lines(string text, int margin)
    {
        int room = width is { } columns ? Math.Max(columns - margin, LeastValueWidth) : int.MaxValue;
        while (text.Length > room)
        {
            int space = text.LastIndexOf(' ', room);
            int end = space > 0 ? space : room;
            yield return text[..end];
            text = text[end..].TrimStart();
        }

        yield return text;
    }
}
